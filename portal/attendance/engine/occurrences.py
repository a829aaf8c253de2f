"""Step 3: the shifts of a span of dates as instants. Public surface: see ``__all__``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from portal.attendance.engine.clock import has_date, instant_of
from portal.attendance.engine.schedule import Schedule, Shift

__all__ = ["Occurrence", "dates_between", "occurrence_of", "occurrences_between"]

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class Occurrence:
    """A shift that begins on ``work_date``. Punches from ``window_start`` to ``window_end``, both
    included, may belong to it. ``longest`` is how long a session may last.
    """

    work_date: date
    shift: Shift
    start: datetime
    end: datetime
    window_start: datetime
    window_end: datetime
    break_start: datetime | None
    break_end: datetime | None
    longest: timedelta


def occurrences_between(schedule: Schedule, first: date, last: date) -> list[Occurrence]:
    """In the order of their start."""
    found = []
    for day in dates_between(first, last):
        for shift in schedule.shifts_on(day) or ():
            occurrence = occurrence_of(shift, day)
            if occurrence is not None:
                found.append(occurrence)
    found.sort(key=lambda each: (each.start, each.end, each.shift.identity))
    return found


def dates_between(first: date, last: date) -> Iterator[date]:
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)


@lru_cache(maxsize=16384)
def occurrence_of(shift: Shift, day: date) -> Occurrence | None:
    """None on a date that the shift's zone leapt over."""
    if not has_date(day, shift.zone):
        return None
    policy = shift.policy
    start, end = _span(day, shift.start, shift.end, shift)
    window_start = start - timedelta(minutes=policy.early_in_min)
    window_end = end + timedelta(minutes=policy.late_out_min)
    break_start = break_end = None
    if policy.break_window is not None:
        begins = policy.break_window.start
        date_of_break = day if begins >= shift.start else day + ONE_DAY
        break_start, break_end = _span(date_of_break, begins, policy.break_window.end, shift)
    # A maximum that is shorter than the shift itself would leave every day of it open. The bounds
    # of flexible hours are no shift in that sense: nobody is to stay from one to the other.
    longest = policy.max_session
    if shift.flexible_minutes is None and end - start > longest:
        longest = window_end - window_start
    return Occurrence(
        work_date=day,
        shift=shift,
        start=start,
        end=end,
        window_start=window_start,
        window_end=window_end,
        break_start=break_start,
        break_end=break_end,
        longest=longest,
    )


def _span(day: date, begins: time, ends: time, shift: Shift) -> tuple[datetime, datetime]:
    last_day = day if ends > begins else day + ONE_DAY
    start = instant_of(day, begins, shift.zone)
    end = instant_of(last_day, ends, shift.zone)
    if end <= start:
        # Both lie about the hour that summer time skips: the length on paper is kept.
        paper = datetime.combine(last_day, ends) - datetime.combine(day, begins)
        end = start + paper
    return start, end
