"""Work that is done every so often, and whose errors end nothing. Public surface: ``Every``,
``Guard``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog
from django.db import close_old_connections

__all__ = ["Every", "Guard"]

logger = structlog.get_logger(__name__)

# A database that is away for an hour must not fill the log.
_TELL_AGAIN_S: Final = 60.0


class Every:
    """Due at once, and then ``period_s`` after it was done last."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._done_s: float | None = None

    def is_due(self, now_s: float) -> bool:
        """Asking counts as doing, when the answer is yes."""
        if self._done_s is not None and now_s - self._done_s < self._period_s:
            return False
        self._done_s = now_s
        return True

    def hurry(self) -> None:
        self._done_s = None


class Guard:
    """The loop outlives every error of what it does; the next turn tries again."""

    def __init__(self) -> None:
        self._told_s: dict[tuple[str, str], float] = {}

    def __call__(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:
            key, now_s = (what, type(error).__name__), time.monotonic()
            if now_s - self._told_s.get(key, -_TELL_AGAIN_S) >= _TELL_AGAIN_S:
                self._told_s[key] = now_s
                logger.exception("streams_failed", part=what)
            close_old_connections()
