"""What a roll-call's page may say for whom: a signed note of who opened it, in which session.

Marks that were made without a connection are kept in the browser together with the pass of the
page they were made on. When they come, perhaps after somebody else has signed in on that phone,
the pass says whose they are. Public surface: ``Pass``, ``issue_pass``, ``read_pass``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core import signing

from portal.core.context import Actor
from portal.core.errors import DomainError

__all__ = ["Pass", "issue_pass", "read_pass"]

_SALT: Final = "portal.muster.pass"
# A roll-call is over by then, and so is any reason to send marks of it.
_LIFE_S: Final = 48 * 3600


@dataclass(frozen=True, slots=True)
class Pass:
    """``session`` names a session without being its key."""

    event_id: str
    label: str
    session: str


def issue_pass(event_id: UUID, actor: Actor, *, session_key: str) -> str:
    session = hashlib.sha256(session_key.encode()).hexdigest()[:16]
    return signing.dumps([event_id.hex, actor.label, session], salt=_SALT, compress=True)


def read_pass(text: str, *, event_id: UUID) -> Pass:
    """Raises ``DomainError`` for one that was altered, is another roll-call's, or too old."""
    try:
        event, label, session = signing.loads(text, salt=_SALT, max_age=_LIFE_S)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise _refused() from error
    if event != event_id.hex:
        raise _refused()
    return Pass(event, str(label), str(session))


def _refused() -> DomainError:
    return DomainError(
        "These marks do not come from a page of this roll-call. Open it anew and mark again.",
        code="muster.pass",
    )
