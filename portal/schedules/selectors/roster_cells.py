"""What one person works on one date, and where that is said.

Public surface: ``Origin``, ``WorkedShift``, ``LeaveNote``, ``Cell``, ``CellMaker``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.attendance.engine import Level, Schedule
from portal.attendance.engine import Shift as EngineShift
from portal.schedules.models import Assignment, Leave, Shift

__all__ = ["Cell", "CellMaker", "LeaveNote", "Origin", "WorkedShift"]

_ONE_DAY: Final = timedelta(days=1)
_LEVELS: Final = (Level.PERSON, Level.DEPARTMENT, Level.DEFAULT)


class Origin(StrEnum):
    """What says so; the first that says anything decides."""

    OVERRIDE = "override"
    PERSON = "person"
    DEPARTMENT = "department"
    SITE = "site"
    EVERYBODY = "everybody"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class WorkedShift:
    """A shift of one date. ``minutes`` are those of work, the break taken off."""

    shift_id: UUID
    code: str
    name: str
    colour: str
    start: time
    end: time
    flexible_minutes: int | None
    minutes: int
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class LeaveNote:
    kind: str
    part: str
    is_approved: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """``shifts`` is None where nobody plans anything, empty on a day off. ``is_beyond``: the
    person does not belong here on that date."""

    origin: Origin
    shifts: tuple[WorkedShift, ...] | None
    leaves: tuple[LeaveNote, ...] = ()
    holiday: str = ""
    is_beyond: bool = False

    @property
    def is_away(self) -> bool:
        """Approved leave for the whole date."""
        parts = {each.part for each in self.leaves if each.is_approved}
        return Leave.Part.FULL in parts or parts >= {Leave.Part.AM, Leave.Part.PM}

    @property
    def worked(self) -> tuple[WorkedShift, ...]:
        """What is really to be worked: nothing on holidays and on leave."""
        return () if self.holiday or self.is_away else self.shifts or ()

    @property
    def minutes(self) -> int:
        whole = sum(each.minutes for each in self.worked)
        return whole // 2 if any(each.is_approved for each in self.leaves) else whole


class CellMaker:
    """Makes cells from schedules; what several people share is made once."""

    def __init__(self, *, shifts: Mapping[UUID, Shift], at_sites: Iterable[Assignment]) -> None:
        self._shifts = shifts
        self._at_sites: dict[UUID | None, list[Assignment]] = {}
        for each in at_sites:
            self._at_sites.setdefault(each.site_id, []).append(each)
        self._worked: dict[tuple[int, date], WorkedShift] = {}
        self._planned: dict[
            tuple[int, UUID, date], tuple[Origin, tuple[WorkedShift, ...] | None]
        ] = {}
        # What is keyed by its address must not be thrown away and its address used again.
        self._kept: dict[int, object] = {}

    def cells_of(
        self,
        schedule: Schedule,
        days: Collection[date],
        *,
        site_id: UUID,
        employed: tuple[date | None, date | None],
        leaves: Mapping[date, tuple[LeaveNote, ...]],
        holidays: Mapping[date, str],
    ) -> tuple[Cell, ...]:
        overrides: dict[date, list[EngineShift | None]] = {}
        for each in schedule.overrides:
            overrides.setdefault(each.date, []).append(each.shift)
        first, last = employed
        found = []
        for day in days:
            if (first is not None and day < first) or (last is not None and day > last):
                found.append(Cell(Origin.NOTHING, None, is_beyond=True))
                continue
            origin, shifts = self._on(schedule, overrides.get(day), site_id, day)
            found.append(Cell(origin, shifts, leaves.get(day, ()), holidays.get(day, "")))
        return tuple(found)

    def _on(
        self,
        schedule: Schedule,
        overrides: list[EngineShift | None] | None,
        site_id: UUID,
        day: date,
    ) -> tuple[Origin, tuple[WorkedShift, ...] | None]:
        if overrides is not None:
            worked = (self._worked_on(each, day) for each in overrides if each is not None)
            return Origin.OVERRIDE, _in_order(worked)
        key = (id(schedule.assignments), site_id, day)
        planned = self._planned.get(key)
        if planned is None:
            self._kept[id(schedule.assignments)] = schedule.assignments
            planned = self._planned[key] = self._by_plan(schedule, site_id, day)
        return planned

    def _by_plan(
        self, schedule: Schedule, site_id: UUID, day: date
    ) -> tuple[Origin, tuple[WorkedShift, ...] | None]:
        shifts = schedule.shifts_on(day)
        if shifts is None:
            return Origin.NOTHING, None
        covering = {each.level for each in schedule.assignments if each.covers(day)}
        level = next(each for each in _LEVELS if each in covering)
        return self._origin(level, site_id, day), _in_order(
            self._worked_on(each, day) for each in shifts
        )

    def _origin(self, level: Level, site_id: UUID, day: date) -> Origin:
        if level is Level.PERSON:
            return Origin.PERSON
        if level is Level.DEPARTMENT:
            return Origin.DEPARTMENT
        is_site = any(
            (each.first is None or each.first <= day) and (each.last is None or each.last >= day)
            for each in self._at_sites.get(site_id, ())
        )
        return Origin.SITE if is_site else Origin.EVERYBODY

    def _worked_on(self, shift: EngineShift, day: date) -> WorkedShift:
        key = (id(shift), day)
        if key not in self._worked:
            self._kept[id(shift)] = shift
            row = self._shifts[UUID(shift.name)]
            begins_at, ends_at = _instants(shift, day)
            self._worked[key] = WorkedShift(
                shift_id=row.pk,
                code=row.code,
                name=row.name,
                colour=row.colour,
                start=shift.start,
                end=shift.end,
                flexible_minutes=shift.flexible_minutes,
                minutes=_minutes(shift, begins_at, ends_at),
                begins_at=begins_at,
                ends_at=ends_at,
            )
        return self._worked[key]


def _in_order(shifts: Iterable[WorkedShift]) -> tuple[WorkedShift, ...]:
    return tuple(sorted(shifts, key=lambda each: (each.begins_at, each.code)))


def _instants(shift: EngineShift, day: date) -> tuple[datetime, datetime]:
    """In UTC, so that a night in which the clocks change is as long as it really is."""
    last = day if shift.end > shift.start else day + _ONE_DAY
    begins = datetime.combine(day, shift.start, shift.zone).astimezone(UTC)
    return begins, max(begins, datetime.combine(last, shift.end, shift.zone).astimezone(UTC))


def _minutes(shift: EngineShift, begins_at: datetime, ends_at: datetime) -> int:
    if shift.flexible_minutes is not None:
        return shift.flexible_minutes
    whole = (ends_at - begins_at) // timedelta(minutes=1)
    policy = shift.policy
    window = policy.break_window
    if window is not None:
        from_min, to_min = (each.hour * 60 + each.minute for each in (window.start, window.end))
        return max(0, whole - (to_min - from_min) % (24 * 60))
    return max(0, whole - policy.break_min) if whole > policy.break_after_min else whole
