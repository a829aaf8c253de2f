"""What a day was before it was computed anew, in words. Public surface: ``Change``,
``RevisionView``, ``revisions_of``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from portal.attendance.models import DayRevision
from portal.attendance.words import flag_label, hours_minutes, status_word, wall_time

__all__ = ["Change", "RevisionView", "revisions_of"]

_MINUTES: Final = {
    "worked_min": "Worked",
    "payable_min": "Payable",
    "late_min": "Late",
    "early_min": "Left early",
    "overtime_min": "Overtime",
}
_INSTANTS: Final = {
    "start": "Shift begins",
    "end": "Shift ends",
    "first_in": "Came",
    "last_out": "Left",
}
_MOST: Final = 50


class Change(NamedTuple):
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RevisionView:
    """Newest first. ``changes`` is empty for a day that was made or went away."""

    revision: DayRevision
    cause: str
    changes: tuple[Change, ...]

    @property
    def is_new(self) -> bool:
        return self.revision.before is None

    @property
    def is_gone(self) -> bool:
        return self.revision.after is None


def revisions_of(person_id: UUID, work_date: date, *, zone: str) -> tuple[RevisionView, ...]:
    """Asks for no right."""
    rows = DayRevision.objects.filter(person=person_id, work_date=work_date).order_by("-id")
    return tuple(
        RevisionView(row, _cause(row.cause), _changes(row.before, row.after, zone, work_date))
        for row in rows[:_MOST]
    )


def _cause(code: str) -> str:
    return code.replace("_", " ").replace(".", " ").strip().capitalize()


def _changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, zone: str, on: date
) -> tuple[Change, ...]:
    if before is None or after is None:
        return ()
    changes = []
    if before.get("status") != after.get("status"):
        words = [status_word(each.get("status", "")).label for each in (before, after)]
        changes.append(Change("Status", *words))
    for name, label in _INSTANTS.items():
        if before.get(name) != after.get(name):
            told = [_wall(each.get(name), zone, on) for each in (before, after)]
            changes.append(Change(label, *told))
    for name, label in _MINUTES.items():
        if before.get(name) != after.get(name):
            told = [hours_minutes(each.get(name)) for each in (before, after)]
            changes.append(Change(label, *told))
    flags = [frozenset(each.get("flags") or ()) for each in (before, after)]
    if flags[0] != flags[1]:
        told = [", ".join(sorted(map(flag_label, each))) or "none" for each in flags]
        changes.append(Change("Remarks", *told))
    return tuple(changes)


def _wall(at: str | None, zone: str, on: date) -> str:
    return wall_time(datetime.fromisoformat(at), zone, on=on) if at else "–"
