"""Whose passage a visit is, as far as attendance goes. Public surface: ``Owner``, ``owner_of``,
``named_by``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from portal.attendance.models import Punch
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["Owner", "named_by", "owner_of"]

Decision = RecognisedFace.Decision
_YES: Final = frozenset({Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED})


@dataclass(frozen=True, slots=True)
class Owner:
    person_id: UUID
    state: str


def owner_of(visit: Visit, *, living: Collection[UUID]) -> Owner | None:
    """None where nobody can be told, or nobody yet.

    A name that is likely only is waited for while the visit goes on; one that ended without having
    been confirmed waits for a human, as an uncertain one does.
    """
    if visit.settled_as:
        is_named = visit.settled_as in _YES and visit.person_id in living
        return Owner(visit.person_id, Punch.State.COUNTED) if is_named and visit.person_id else None
    if visit.decision == Decision.MATCH and visit.person_id in living and visit.person_id:
        if visit.is_confirmed:
            return Owner(visit.person_id, Punch.State.COUNTED)
        return Owner(visit.person_id, Punch.State.PENDING) if visit.closed_at else None
    if visit.decision == Decision.UNCERTAIN:
        best = best_candidate(visit)
        return Owner(best, Punch.State.PENDING) if best in living and best else None
    return None


def best_candidate(visit: Visit) -> UUID | None:
    return UUID(str(visit.candidates[0][0])) if visit.candidates else None


def named_by(visit: Visit) -> set[UUID]:
    """Everybody whose state ``owner_of`` asks for."""
    return {pk for pk in (visit.person_id, best_candidate(visit)) if pk is not None}
