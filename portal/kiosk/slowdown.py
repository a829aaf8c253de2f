"""Slowing down whoever tries PINs of many people at one tablet, without locking anybody out.

Public surface: ``refuse_guessing``, ``note_wrong``. Of one person five wrong PINs within a quarter
of an hour are enough (``portal.people``); this is for a little of each.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

from portal.core.errors import DomainError
from portal.core.throttle import is_spent, spend

__all__ = ["PAUSE_S", "note_wrong", "refuse_guessing"]

logger = structlog.get_logger(__name__)

# After so many within ten minutes, every try at this tablet waits for its turn.
MOST_WRONG: Final = 10
_WITHIN_S: Final = 600
PAUSE_S: Final = 3
_KIND: Final = "kiosk-wrong"


def refuse_guessing(kiosk_id: UUID) -> None:
    """Raises ``DomainError`` ``kiosk.pause`` where the tablet has to wait; nothing is used up."""
    if not is_spent(_KIND, str(kiosk_id), limit=MOST_WRONG):
        return
    try:
        is_turn = cache.add(f"kiosk-turn-{kiosk_id}", 1, PAUSE_S)
    except (RedisError, OSError) as error:
        logger.warning("not_counted", kind=_KIND, error=str(error))
        return
    if not is_turn:
        raise DomainError(
            "Many wrong PINs were typed here. One moment, please.",
            code="kiosk.pause",
            http_status=429,
            data={"retry_after_s": PAUSE_S},
        )


def note_wrong(kiosk_id: UUID) -> None:
    spend(_KIND, str(kiosk_id), within_s=_WITHIN_S)
