"""Stretches of dates and assignments cut to them; None is without an end that way.

Public surface: ``Dates``, ``ALL_DATES``, ``common``, ``cut_to``, ``less``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from portal.attendance.engine import Assignment

__all__ = ["ALL_DATES", "Dates", "common", "cut_to", "less"]

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Dates:
    first: date | None = None
    last: date | None = None


ALL_DATES = Dates()


def common(one: Dates, other: Dates) -> Dates | None:
    """The dates of both; None where there are none."""
    firsts = [each.first for each in (one, other) if each.first is not None]
    lasts = [each.last for each in (one, other) if each.last is not None]
    first, last = max(firsts, default=None), min(lasts, default=None)
    if first is not None and last is not None and last < first:
        return None
    return Dates(first, last)


def less(dates: Dates, taken: Iterable[Dates]) -> list[Dates]:
    """What of ``dates`` is not ``taken``, in the order of time."""
    left = [dates]
    for each in taken:
        left = [part for old in left for part in _less_one(old, each)]
    return sorted(left, key=lambda part: part.first or date.min)


def _less_one(dates: Dates, taken: Dates) -> list[Dates]:
    if common(dates, taken) is None:
        return [dates]
    parts = []
    if taken.first is not None and taken.first > date.min:
        parts.append(common(dates, Dates(None, taken.first - ONE_DAY)))
    if taken.last is not None and taken.last < date.max:
        parts.append(common(dates, Dates(taken.last + ONE_DAY, None)))
    return [part for part in parts if part is not None]


def cut_to(assignment: Assignment, dates: Dates) -> Assignment | None:
    """The part that lies within ``dates``. A rotation goes on as if it had not been cut: whose
    turn it is on a date does not change."""
    within = common(Dates(assignment.first, assignment.last), dates)
    if within is None:
        return None
    if within.first == assignment.first and within.last == assignment.last:
        return assignment
    shifts = assignment.shifts
    if assignment.first is not None and within.first is not None and len(shifts) > 1:
        turn = (within.first - assignment.first).days % len(shifts)
        shifts = shifts[turn:] + shifts[:turn]
    return replace(assignment, shifts=shifts, first=within.first, last=within.last)
