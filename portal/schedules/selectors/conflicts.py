"""Whether anybody is planned for two shifts at once. Public surface: ``Overlap``, ``overlap_of``.

Equal plans are looked at once, so that a department of thousands costs as much as one person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from portal.attendance.engine import (
    MARGIN,
    Assignment,
    OverlappingShifts,
    Schedule,
    check_schedule,
)
from portal.schedules.models import Shift
from portal.schedules.selectors.dates import Dates, cut_to

__all__ = ["Overlap", "overlap_of"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two shifts, by name, that so many people would work at once, and the first such date."""

    first: str
    second: str
    on: date
    people: int


def overlap_of(schedules: Mapping[UUID, Schedule], *, around: date) -> Overlap | None:
    """The earliest overlap from ``around`` on, in the year after each change of a plan: every
    weekday, both changes of the clocks, and each night against the morning after it."""
    found: dict[tuple[date, str, str], int] = {}
    known: dict[tuple[Assignment, ...], OverlappingShifts | None] = {}
    for schedule in schedules.values():
        assignments = _from(schedule, Dates(around - MARGIN, None))
        if assignments not in known:
            known[assignments] = _first(Schedule(assignments), around)
        error = known[assignments]
        if error is None and schedule.overrides:
            error = _first(_near_overrides(schedule), around)
        if error is not None:
            key = (error.on, error.first, error.second)
            found[key] = found.get(key, 0) + 1
    if not found:
        return None
    on, first, second = min(found)
    names = {
        str(pk): name
        for pk, name in Shift.objects.filter(pk__in={first, second}).values_list("id", "name")
    }
    # Whoever has any overlap counts: another pair of shifts is no smaller a mistake.
    return Overlap(names[first], names[second], on, sum(found.values()))


def _first(schedule: Schedule, around: date) -> OverlappingShifts | None:
    try:
        check_schedule(schedule, around=around)
    except OverlappingShifts as error:
        return error
    return None


def _near_overrides(schedule: Schedule) -> Schedule:
    """The dates of the overrides and those beside them: the rest is looked at without them."""
    days = [each.date for each in schedule.overrides]
    around = Dates(min(days) - MARGIN, max(days) + MARGIN)
    return Schedule(_from(schedule, around), schedule.overrides)


def _from(schedule: Schedule, dates: Dates) -> tuple[Assignment, ...]:
    cut = (cut_to(each, dates) for each in schedule.assignments)
    return tuple(each for each in cut if each is not None)
