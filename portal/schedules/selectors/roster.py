"""The roster: people and dates, what each works, and what in it is hard on them.

Public surface: ``RosterFilter``, ``Roster``, ``RosterRow``, ``WeekSum``, ``ShortRest``, ``roster``,
``rows_of``, ``LEAST_REST``, ``MOST_A_WEEK_MIN``. A number of queries that depends on neither
people nor weeks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.core.context import require
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.schedules.models import Assignment, Leave, Shift
from portal.schedules.selectors.holidays import names_of_holidays
from portal.schedules.selectors.leave import MOST_NAMED, dates_of
from portal.schedules.selectors.roster_cells import Cell, CellMaker, LeaveNote
from portal.schedules.selectors.schedules import schedules_of

__all__ = [
    "LEAST_REST",
    "MOST_A_WEEK_MIN",
    "Roster",
    "RosterFilter",
    "RosterRow",
    "ShortRest",
    "WeekSum",
    "roster",
    "roster_people",
    "rows_of",
]

# Directive 2003/88/EC, articles 3 and 6; many countries' own laws say the same.
LEAST_REST: Final = timedelta(hours=11)
MOST_A_WEEK_MIN: Final = 48 * 60
_ONE_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
_HERE: Final = (Person.Status.ACTIVE, Person.Status.SUSPENDED)
_STANDING: Final = (Leave.State.APPROVED, Leave.State.REQUESTED)


@dataclass(frozen=True, slots=True)
class RosterFilter:
    site_id: UUID | None = None
    department_ids: tuple[UUID, ...] | None = None
    has_no_department: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class ShortRest:
    """Before the work of ``day`` there are only so many minutes since the work before it."""

    day: date
    minutes: int


@dataclass(frozen=True, slots=True)
class WeekSum:
    first: date
    minutes: int

    @property
    def is_over(self) -> bool:
        return self.minutes > MOST_A_WEEK_MIN


@dataclass(frozen=True, slots=True)
class RosterRow:
    """``cells`` are those of the roster's days, in their order."""

    person: Person
    cells: tuple[Cell, ...]
    weeks: tuple[WeekSum, ...]
    rests: tuple[ShortRest, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """``holidays`` are those that every one of the people shown has."""

    days: tuple[date, ...]
    rows: tuple[RosterRow, ...]
    holidays: dict[date, str]


def roster(first: date, weeks: int, wanted: RosterFilter) -> Roster:
    """``first`` is a Monday."""
    days = tuple(dates_of(first, first + timedelta(days=weeks * _WEEK - 1)))
    people = list(roster_people(days[0], days[-1], wanted))
    rows = rows_of(people, days)
    shared: dict[date, str] = {}
    if rows:
        for n, day in enumerate(days):
            names = {row.cells[n].holiday for row in rows if not row.cells[n].is_beyond}
            if len(names) == 1 and "" not in names:
                (shared[day],) = names
    return Roster(days, tuple(rows), shared)


def roster_people(first: date, last: date, wanted: RosterFilter) -> QuerySet[Person]:
    """Who belongs here on one of these dates, within the actor's scope, by department and name."""
    actor = require("schedules.view")
    leaving = Q(status=Person.Status.LEFT, employed_to__gte=first)
    people = (
        Person.objects.filter(within_scope(actor.scope))
        .filter(Q(status__in=_HERE) | leaving)
        .filter(Q(employed_from=None) | Q(employed_from__lte=last))
        .filter(Q(employed_to=None) | Q(employed_to__gte=first))
        .select_related("site", "department")
        .order_by("site__name", "department__path", "name", "code")
    )
    if wanted.site_id is not None:
        people = people.filter(site=wanted.site_id)
    if wanted.has_no_department:
        people = people.filter(department=None)
    elif wanted.department_ids is not None:
        people = people.filter(department__in=wanted.department_ids)
    if wanted.text:
        people = people.filter(Q(name__icontains=wanted.text) | Q(code__icontains=wanted.text))
    return people


def rows_of(people: Sequence[Person], days: Sequence[date]) -> list[RosterRow]:
    """``days`` are whole weeks. Asks for no right: who may be shown these people is decided where
    they were found."""
    # The work of the evening before, and of the morning after, has a say in how long one rests.
    first, last = days[0] - _ONE_DAY, days[-1] + _ONE_DAY
    ids = [person.pk for person in people]
    schedules = schedules_of(ids, first=first, last=last)
    leaves = _leaves(ids, first, last)
    holidays = names_of_holidays({person.site_id for person in people}, first=first, last=last)
    maker = CellMaker(
        shifts=Shift.objects.in_bulk(),
        at_sites=Assignment.objects.filter(site__isnull=False),
    )
    around = tuple(dates_of(first, last))
    rows = []
    for person in people:
        cells = maker.cells_of(
            schedules[person.pk],
            around,
            site_id=person.site_id,
            employed=(person.employed_from, person.employed_to),
            leaves=leaves.get(person.pk, {}),
            holidays=holidays.get(person.site_id, {}),
        )
        shown = cells[1:-1]
        rows.append(
            RosterRow(person, shown, tuple(_weeks(days, shown)), tuple(_rests(around, cells)))
        )
    return rows


def _leaves(
    person_ids: Collection[UUID], first: date, last: date
) -> dict[UUID, dict[date, tuple[LeaveNote, ...]]]:
    rows = Leave.objects.filter(state__in=_STANDING, first__lte=last, last__gte=first).order_by(
        "first", "part", "id"
    )
    if len(person_ids) <= MOST_NAMED:
        rows = rows.filter(person__in=person_ids)
    found: dict[UUID, dict[date, tuple[LeaveNote, ...]]] = {}
    for person_id, begins, ends, part, state, kind in rows.values_list(
        "person_id", "first", "last", "part", "state", "type__name"
    ):
        note = LeaveNote(kind, part, state == Leave.State.APPROVED)
        of_person = found.setdefault(person_id, {})
        for day in dates_of(max(begins, first), min(ends, last)):
            of_person[day] = (*of_person.get(day, ()), note)
    return found


def _weeks(days: Sequence[date], cells: Sequence[Cell]) -> Iterable[WeekSum]:
    for at in range(0, len(days), _WEEK):
        yield WeekSum(days[at], sum(cell.minutes for cell in cells[at : at + _WEEK]))


def _rests(days: Sequence[date], cells: Sequence[Cell]) -> Iterable[ShortRest]:
    """From the last work of a date to the first of the next date that has any; the pause between
    the two halves of a split shift is no night's rest."""
    worked = [(day, cell.worked) for day, cell in zip(days, cells, strict=True) if cell.worked]
    for (_, before), (day, after) in pairwise(worked):
        # Flexible hours say when somebody may come, not when they do.
        if any(each.flexible_minutes is not None for each in (*before, *after)):
            continue
        rest = after[0].begins_at - max(each.ends_at for each in before)
        if rest < LEAST_REST:
            yield ShortRest(day, rest // timedelta(minutes=1))
