"""Whose passage a visit is, as far as attendance goes.

Public surface: ``Owner``, ``Gone``, ``owner_of``, ``named_by``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from portal.attendance.models import Punch
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["Gone", "Owner", "named_by", "owner_of"]

Decision = RecognisedFace.Decision
_YES: Final = frozenset({Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED})


@dataclass(frozen=True, slots=True)
class Owner:
    person_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class Gone:
    """It has a name, and that is of somebody who is in no list: removed, which may be undone, or
    erased. ``person_id`` is whom a human named, as long as that is known."""

    person_id: UUID | None = None


def owner_of(visit: Visit, *, living: Mapping[UUID, UUID]) -> Owner | Gone | None:
    """None where nobody can be told, or nobody yet. ``living`` are those of ``named_by`` who are in
    the lists, with the entry that is theirs now: what a face was like is not rewritten when entries
    are merged.

    A name that is likely only is waited for while the visit goes on; one that ended without having
    been confirmed waits for a human, as an uncertain one does.
    """
    if visit.settled_as:
        if visit.settled_as not in _YES:
            return None
        entry = _entry(visit.person_id, living)
        return Owner(entry, Punch.State.COUNTED) if entry else Gone(visit.person_id)
    if visit.decision == Decision.MATCH:
        entry = _entry(visit.person_id, living)
        if entry is None:
            return Gone()
        if visit.is_confirmed:
            return Owner(entry, Punch.State.COUNTED)
        return Owner(entry, Punch.State.PENDING) if visit.closed_at else None
    if visit.decision == Decision.UNCERTAIN:
        best = best_candidate(visit)
        entry = _entry(best, living)
        if entry is None:
            return Gone() if best else None
        return Owner(entry, Punch.State.PENDING)
    return None


def _entry(person_id: UUID | None, living: Mapping[UUID, UUID]) -> UUID | None:
    return living.get(person_id) if person_id else None


def best_candidate(visit: Visit) -> UUID | None:
    return UUID(str(visit.candidates[0][0])) if visit.candidates else None


def named_by(visit: Visit) -> set[UUID]:
    """Everybody whose state ``owner_of`` asks for."""
    return {pk for pk in (visit.person_id, best_candidate(visit)) if pk is not None}
