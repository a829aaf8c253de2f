"""Corrections as the engine is told of them, and as people read them.

Public surface: ``as_engine``, ``corrections_for``, ``lock_person``, ``standing_corrections``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from uuid import UUID

from portal.attendance.engine import MARGIN, CorrectionKind, Direction
from portal.attendance.engine import Correction as EngineCorrection
from portal.attendance.models import Correction
from portal.people.models import Person

__all__ = ["as_engine", "corrections_for", "lock_person", "standing_corrections"]


def corrections_for(
    person_ids: Collection[UUID], *, first: date, last: date, without: UUID | None = None
) -> dict[UUID, tuple[EngineCorrection, ...]]:
    """The approved corrections that have a say in these dates, by person, in one query.

    For whoever computes days, not for pages: it asks for no right. The key of a correction is its
    id, and its target the id of the punch; who gives the engine punches keys them alike. People
    without any are left out. ``without`` is one that is looked at as if it were taken back.
    """
    rows = list(
        Correction.objects.filter(
            person__in=person_ids,
            work_date__range=(first - MARGIN, last + MARGIN),
            state=Correction.State.APPROVED,
        ).order_by("decided_at", "id")
    )
    undone = _undone([row for row in rows if row.pk != without])
    found: dict[UUID, list[EngineCorrection]] = defaultdict(list)
    for row in rows:
        if row.kind != Correction.Kind.UNDO and row.pk not in undone | {without}:
            found[row.person_id].append(as_engine(row))
    return {person_id: tuple(each) for person_id, each in found.items()}


def as_engine(row: Correction) -> EngineCorrection:
    """One correction, of whatever state, as the engine would be told of it."""
    return EngineCorrection(
        kind=CorrectionKind(row.kind),
        key=str(row.pk),
        target=str(row.punch_id) if row.punch_id else "",
        at=row.at,
        direction=Direction(row.direction),
        date=row.work_date,
    )


def lock_person(person_id: UUID) -> None:
    """Until the transaction ends nobody else asks for, or decides on, this person's corrections."""
    # Not the key: punches of the person may be stored meanwhile.
    Person.objects.select_for_update(no_key=True, of=("self",)).filter(pk=person_id).first()


def standing_corrections(person_id: UUID, work_date: date) -> list[Correction]:
    """The approved ones of a day that nobody took back; those that took others back are not
    among them. Asks for no right."""
    rows = list(
        Correction.objects.filter(
            person=person_id, work_date=work_date, state=Correction.State.APPROVED
        ).order_by("decided_at", "id")
    )
    undone = _undone(rows)
    return [row for row in rows if row.kind != Correction.Kind.UNDO and row.pk not in undone]


def _undone(rows: list[Correction]) -> set[UUID]:
    """Those taken back. What was taken back may be brought back by taking back the taking back,
    and an undo is of the same date as what it undoes, so that ``rows`` hold both."""
    by_target: dict[UUID, list[Correction]] = defaultdict(list)
    for row in rows:
        if row.undoes_id is not None:
            by_target[row.undoes_id].append(row)

    def counts(row: Correction) -> bool:
        return not any(counts(undo) for undo in by_target[row.pk])

    return {row.pk for row in rows if not counts(row)}
