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
    named, state = _named(visit)
    if state is None:
        return None
    entry = living.get(named) if named else None
    if entry is not None:
        return Owner(entry, state)
    return Gone(named if visit.settled_as else None)


def _named(visit: Visit) -> tuple[UUID | None, str | None]:
    """The name, None where it was erased, and what a punch of theirs is; None for none."""
    if visit.settled_as:
        return visit.person_id, Punch.State.COUNTED if visit.settled_as in _YES else None
    if visit.decision == Decision.MATCH:
        if visit.is_confirmed:
            return visit.person_id, Punch.State.COUNTED
        return visit.person_id, Punch.State.PENDING if visit.closed_at else None
    best = best_candidate(visit)
    is_likely = visit.decision == Decision.UNCERTAIN and best is not None
    return best, Punch.State.PENDING if is_likely else None


def best_candidate(visit: Visit) -> UUID | None:
    return UUID(str(visit.candidates[0][0])) if visit.candidates else None


def named_by(visit: Visit) -> set[UUID]:
    """Everybody whose state ``owner_of`` asks for."""
    return {pk for pk in (visit.person_id, best_candidate(visit)) if pk is not None}
