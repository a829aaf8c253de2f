"""Why something was changed: asked for with every change of rules. Public surface: ``reason_given``."""

from __future__ import annotations

from typing import Final

from portal.core.errors import DomainError

__all__ = ["reason_given"]

_LONGEST: Final = 300


def reason_given(reason: str) -> str:
    """Raises ``DomainError`` ``schedule.reason`` where nothing is said."""
    reason = " ".join(reason.split())[:_LONGEST]
    if not reason:
        raise DomainError(
            "Say in a few words why, for whoever asks later: “new agreement from June”.",
            code="schedule.reason",
        )
    return reason
