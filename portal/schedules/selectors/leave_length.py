"""How many days of work a leave costs, by the person's own plan. Public surface: ``LeaveLength``,
``lengths_of``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from portal.schedules.models import Leave
from portal.schedules.selectors.holidays import holidays_of
from portal.schedules.selectors.leave import dates_of
from portal.schedules.selectors.schedules import schedules_of

__all__ = ["LeaveLength", "lengths_of"]

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class LeaveLength:
    """``half_days`` of work, holidays and days off left out. Where on one of the dates nobody has
    planned the person at all (``is_guess``), Monday to Friday were counted there."""

    half_days: int
    is_guess: bool

    @property
    def words(self) -> str:
        whole, half = divmod(self.half_days, 2)
        number = f"{whole or ''}{'½' if half else ''}" or "0"
        return f"{number} {'day' if self.half_days in {1, 2} else 'days'}"


def lengths_of(leaves: Iterable[Leave]) -> dict[UUID, LeaveLength]:
    """A number of queries that does not depend on how many there are."""
    leaves = list(leaves)
    if not leaves:
        return {}
    first, last = min(each.first for each in leaves), max(each.last for each in leaves)
    schedules = schedules_of({each.person_id for each in leaves}, first=first, last=last)
    holidays = holidays_of({each.person.site_id for each in leaves}, first=first, last=last)
    lengths = {}
    for leave in leaves:
        schedule = schedules[leave.person_id]
        free = holidays.get(leave.person.site_id, frozenset())
        days, is_guess = 0, False
        for day in dates_of(leave.first, leave.last):
            shifts = schedule.shifts_on(day)
            is_worked = bool(shifts)
            if shifts is None:
                is_guess, is_worked = True, day.weekday() < _SATURDAY
            days += is_worked and day not in free
        halves = 2 if leave.part == Leave.Part.FULL else 1
        lengths[leave.pk] = LeaveLength(days * halves, is_guess)
    return lengths
