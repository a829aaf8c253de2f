"""Copying what people work: a week to another, and one person's days to others.

Public surface: ``copy_week``, ``copy_person``. Both set cells by ``set_cells``, and leave those
alone whose plan says the same already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from portal.attendance.engine import Schedule
from portal.core.context import require
from portal.core.errors import DomainError, NotFound
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.schedules.selectors.schedules import schedules_of
from portal.schedules.services.roster import Applied, CellChange, Wanted, set_cells

__all__ = ["copy_person", "copy_week"]

_WEEK: Final = 7
_MOST_WEEKS: Final = 4


def copy_week(person_ids: Collection[UUID], *, from_first: date, to_first: date) -> Applied:
    """What these people work in the seven days from one date they work from another too."""
    require("schedules.manage")
    if from_first == to_first:
        raise DomainError("A week cannot be copied onto itself.", code="roster.copy")
    people = _reached(person_ids)
    begin, end = min(from_first, to_first), max(from_first, to_first) + timedelta(days=_WEEK)
    schedules = schedules_of(list(people), first=begin, last=end)
    ahead = to_first - from_first
    return set_cells(
        [
            _change(person, day, _worked(schedules[pk], day - ahead), schedules[pk])
            for pk, person in people.items()
            for day in _days(person, to_first, weeks=1)
        ]
    )


def copy_person(
    person_id: UUID, target_ids: Collection[UUID], *, first: date, weeks: int = 1
) -> Applied:
    """What one person works in these weeks, others work too."""
    require("schedules.manage")
    if not 1 <= weeks <= _MOST_WEEKS:
        raise DomainError(f"At most {_MOST_WEEKS} weeks are copied at once.", code="roster.copy")
    targets = set(target_ids) - {person_id}
    if not targets:
        raise DomainError("Choose whom to copy it to.", code="roster.copy")
    people = _reached({person_id, *targets})
    last = first + timedelta(days=weeks * _WEEK)
    schedules = schedules_of(list(people), first=first, last=last)
    return set_cells(
        [
            _change(person, day, _worked(schedules[person_id], day), schedules[pk])
            for pk, person in people.items()
            if pk != person_id
            for day in _days(person, first, weeks=weeks)
        ]
    )


def _reached(person_ids: Collection[UUID]) -> dict[UUID, Person]:
    """Refused before anything of anybody's is read."""
    wanted = set(person_ids)
    scope = require("schedules.manage").scope
    known = Person.objects.filter(
        within_scope(scope), pk__in=wanted, status__in=Person.LIVING
    ).order_by("pk")
    people = {person.pk: person for person in known}
    if len(people) < len(wanted):
        raise NotFound("Somebody of these is not known any more, or your rights do not reach them.")
    return people


def _days(person: Person, first: date, *, weeks: int) -> Iterator[date]:
    """Those on which the person belongs here: whoever leaves on Wednesday gets half a week."""
    for n in range(weeks * _WEEK):
        day = first + timedelta(days=n)
        is_early = person.employed_from is not None and day < person.employed_from
        is_late = person.employed_to is not None and day > person.employed_to
        if not is_early and not is_late:
            yield day


def _change(person: Person, day: date, wanted: Wanted, schedule: Schedule) -> CellChange:
    planned = _worked(Schedule(schedule.assignments), day)
    # Off and not planned at all are the same to whoever copies: nothing is worked.
    is_planned = (wanted or None) == (planned or None)
    return CellChange(person.pk, day, None if is_planned else wanted or ())


def _worked(schedule: Schedule, day: date) -> Wanted:
    shifts = schedule.shifts_on(day)
    return None if shifts is None else tuple(sorted(UUID(each.name) for each in shifts))
