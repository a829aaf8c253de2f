"""Whether a schedule asks one person to work two shifts at once; asked when it is saved.

Public surface: ``check_schedule``.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from portal.attendance.engine.errors import OverlappingShifts
from portal.attendance.engine.occurrences import occurrences_between
from portal.attendance.engine.schedule import Assignment, Schedule

__all__ = ["check_schedule"]

# Every weekday, both changes of the clocks and the neighbours of each date lie within this.
LOOK_AHEAD = timedelta(days=400)
ONE_DAY = timedelta(days=1)


def check_schedule(schedule: Schedule, *, around: date) -> None:
    """Raise OverlappingShifts for the first overlap in the year from each assignment's beginning.

    An assignment without a beginning is looked at from ``around`` on. All dates of that year are
    looked at, so a night against the next morning and both changes of the clocks are among them.
    """
    seen: set[tuple[date, date]] = set()
    for assignment in schedule.assignments:
        span = _span(assignment, around)
        if span not in seen:
            seen.add(span)
            _check_span(schedule, *span)
    for override in schedule.overrides:
        _check_span(schedule, override.date - ONE_DAY, override.date + ONE_DAY)


def _span(assignment: Assignment, around: date) -> tuple[date, date]:
    first = assignment.first or min(around, assignment.last or around)
    last = first + LOOK_AHEAD
    if assignment.last is not None:
        last = min(last, assignment.last)
    return first - ONE_DAY, last + ONE_DAY


def _check_span(schedule: Schedule, first: date, last: date) -> None:
    for earlier, later in pairwise(occurrences_between(schedule, first, last)):
        if later.start < earlier.end:
            raise OverlappingShifts(earlier.shift.name, later.shift.name, later.work_date)
