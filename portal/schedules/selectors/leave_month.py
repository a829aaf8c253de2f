"""Who is away in a month, a row for each. Public surface: ``AwayDay``, ``AwayRow``, ``AwayMonth``,
``away_in``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db.models import Q

from portal.core.context import require
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.schedules.models import Leave
from portal.schedules.selectors.holidays import names_of_holidays
from portal.schedules.selectors.leave import dates_of

__all__ = ["AwayDay", "AwayMonth", "AwayRow", "away_in"]

_STANDING = (Leave.State.APPROVED, Leave.State.REQUESTED)


@dataclass(frozen=True, slots=True)
class AwayDay:
    """One date of one person. ``leaves`` are at most two: the halves of a date."""

    day: date
    leaves: tuple[Leave, ...]
    holiday: str = ""

    @property
    def is_approved(self) -> bool:
        return all(each.state == Leave.State.APPROVED for each in self.leaves)

    @property
    def letter(self) -> str:
        """As a colour would say it: away, half a day, or asked for."""
        if not self.leaves:
            return "H" if self.holiday else ""
        if not self.is_approved:
            return "?"
        is_half = len(self.leaves) == 1 and self.leaves[0].part != Leave.Part.FULL
        return "½" if is_half else "●"

    @property
    def words(self) -> str:
        said = [
            f"{each.type.name}, {each.get_part_display().lower()}, "
            f"{each.get_state_display().lower()}"
            for each in self.leaves
        ]
        return "; ".join([*said, *([self.holiday] if self.holiday else [])])


@dataclass(frozen=True, slots=True)
class AwayRow:
    person: Person
    days: tuple[AwayDay, ...]


@dataclass(frozen=True, slots=True)
class AwayMonth:
    """``away`` counts, per date, who is away with approved leave, if only for half of it."""

    days: tuple[date, ...]
    rows: tuple[AwayRow, ...]
    away: tuple[int, ...] = field(default=())


def away_in(
    first: date,
    last: date,
    *,
    site_id: UUID | None = None,
    department_ids: Iterable[UUID] | None = None,
) -> AwayMonth:
    """Everybody of the site or departments, within the actor's scope, who has leave in the month or
    has asked for it. Two queries."""
    actor = require("schedules.view")
    condition = Q()
    if site_id is not None:
        condition &= Q(person__site=site_id)
    if department_ids is not None:
        condition &= Q(person__department__in=list(department_ids))
    leaves = (
        Leave.objects.filter(
            within_scope(actor.scope, path="person__"),
            condition,
            state__in=_STANDING,
            first__lte=last,
            last__gte=first,
            person__status__in=Person.LIVING,
        )
        .select_related("type", "person__site", "person__department")
        .order_by("person__name", "person__code", "first", "part")
    )
    days = tuple(dates_of(first, last))
    people: dict[UUID, tuple[Person, dict[date, list[Leave]]]] = {}
    for leave in leaves:
        _, on = people.setdefault(leave.person_id, (leave.person, {}))
        for day in dates_of(max(leave.first, first), min(leave.last, last)):
            on.setdefault(day, []).append(leave)
    holidays = names_of_holidays(
        {person.site_id for person, _ in people.values()}, first=first, last=last
    )
    rows = tuple(
        AwayRow(
            person,
            tuple(
                AwayDay(day, tuple(on.get(day, ())), holidays.get(person.site_id, {}).get(day, ""))
                for day in days
            ),
        )
        for person, on in people.values()
    )
    away = tuple(
        sum(
            any(leave.state == Leave.State.APPROVED for leave in row.days[n].leaves) for row in rows
        )
        for n in range(len(days))
    )
    return AwayMonth(days, rows, away)
