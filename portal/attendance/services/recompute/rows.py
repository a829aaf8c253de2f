"""From what the engine says to the row that is stored, and when to look again.

Public surface: ``DayRow``, ``row_of``, ``due_of``, ``seen``, ``facts``, ``VISIBLE``, ``GAP``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from portal.attendance.engine import Day, PersonInputs, Status
from portal.attendance.models import AttendanceDay
from portal.core.ids import uuid7
from portal.people.stays import Place
from portal.schedules.selectors.versions import VersionIds

__all__ = ["GAP", "VISIBLE", "DayRow", "due_of", "facts", "row_of", "seen"]

# A camera that has said nothing for so long after a day's window is worth somebody's look.
GAP: Final = timedelta(minutes=15)

# What a page, a report or an export may show. What differs in none of these is the same day.
VISIBLE: Final = (
    "zone", "shift_id", "policy_id", "status", "start", "end", "window_start", "window_end",
    "first_in", "last_out", "worked_min", "payable_min", "late_min", "early_min", "overtime_min",
    "flags", "sessions", "punch_keys",
)  # fmt: skip
_INSTANTS: Final = ("start", "end", "first_in", "last_out")
_FIGURES: Final = ("worked_min", "payable_min", "late_min", "early_min", "overtime_min")

# Until when the clock alone may make it another day, by what it is now.
_ENDS_AT: Final = {
    Status.EXPECTED: "start",
    Status.NOT_ARRIVED: "end",
    Status.PENDING: "window_end",
    Status.IN_PROGRESS: "window_end",
    Status.PROVISIONAL: "window_end",
}
_WAITING: Final = frozenset({Status.PENDING, Status.PROVISIONAL})


@dataclass(slots=True)
class DayRow:
    """An ``AttendanceDay`` that is to be: its columns by ``attname``, in the order in which they
    are written. There may be a hundred thousand of them, which is why it is no model."""

    id: UUID
    created_at: datetime
    person_id: UUID
    site_id: UUID
    department_id: UUID | None
    work_date: date
    occurrence_no: int
    zone: str
    shift_id: UUID | None
    policy_id: UUID | None
    status: str
    start: datetime | None
    end: datetime | None
    window_start: datetime | None
    window_end: datetime | None
    first_in: datetime | None
    last_out: datetime | None
    worked_min: int
    payable_min: int
    late_min: int
    early_min: int
    overtime_min: int
    flags: list[str]
    sessions: list[dict[str, Any]]
    punch_keys: list[str]
    inputs_hash: str
    revision: int
    computed_at: datetime
    due_at: datetime | None


def row_of(
    day: Day,
    person_id: UUID,
    place: Place,
    versions: Mapping[tuple[str, date], VersionIds],
    *,
    now: datetime,
    due_at: datetime | None,
) -> DayRow:
    """A new one, of revision 1."""
    version = versions.get((day.shift, day.work_date)) if day.shift is not None else None
    return DayRow(
        uuid7(),
        now,
        person_id,
        place.site_id,
        place.department_id,
        day.work_date,
        day.occurrence_no,
        day.zone.key,
        None if version is None else version.shift_id,
        None if version is None else version.policy_id,
        day.status.value,
        day.start,
        day.end,
        day.window_start,
        day.window_end,
        day.first_in,
        day.last_out,
        day.worked_min,
        day.payable_min,
        day.late_min,
        day.early_min,
        day.overtime_min,
        [flag.value for flag in day.flags],
        [
            {"start": each.start.isoformat(), "end": each.end.isoformat(), "minutes": each.minutes}
            for each in day.sessions
        ],
        [key for punch in day.punches for key in punch.keys],
        day.inputs_hash,
        1,
        now,
        due_at,
    )


def due_of(day: Day, inputs: PersonInputs) -> datetime | None:
    """When the clock alone may make it another day, None for never.

    An instant that has passed already is the end of a window whose cameras are still waited for.
    """
    name = _ENDS_AT.get(day.status)
    at: datetime | None = getattr(day, name) if name is not None else None
    if at is None or at > inputs.now:
        return at
    end = day.window_end
    if day.status not in _WAITING or end is None:
        return None
    if end > inputs.now:
        return end
    if inputs.watermark is not None and inputs.watermark >= end:
        # It is a name that is waited for: whoever settles that has the day computed.
        return None
    return end + GAP if end + GAP > inputs.now else end


def seen(row: DayRow | AttendanceDay) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in VISIBLE)


def facts(row: DayRow | AttendanceDay) -> dict[str, Any]:
    """For the record of what a day was: as JSON keeps it."""
    return {
        "status": row.status,
        **{name: _iso(getattr(row, name)) for name in _INSTANTS},
        **{name: getattr(row, name) for name in _FIGURES},
        "flags": list(row.flags),
        "shift": str(row.shift_id) if row.shift_id else None,
        "policy": str(row.policy_id) if row.policy_id else None,
        "site": str(row.site_id),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
