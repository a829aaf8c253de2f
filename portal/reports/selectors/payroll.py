"""The lines of a period's statement as its days have them now. Public surface:
``statement_now``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet

from portal.attendance.models import Adjustment, AttendanceDay, Period
from portal.attendance.selectors.periods import covers, days_in
from portal.attendance.totals import Totals
from portal.core.context import current_actor
from portal.core.errors import PermissionMissing
from portal.people.models import Person
from portal.reports.choices import Choices
from portal.reports.payroll import Line, Statement
from portal.reports.selectors.facts import LEAVE_GONE, DayRow, Facts
from portal.reports.spans import Span
from portal.schedules.models import Leave

__all__ = ["statement_now"]


def statement_now(
    period: Period, adjustments: Iterable[Adjustment], *, made_at: datetime
) -> Statement:
    """For whoever may see the whole period, and of all who worked in it: also of those who have
    moved to where the actor's rights do not reach. Raises ``PermissionMissing``."""
    facts = _PeriodFacts(period)
    days: dict[UUID, list[DayRow]] = {}
    for day in facts.days:
        days.setdefault(day.person_id, []).append(day)
    adjusted: dict[UUID, list[Adjustment]] = {}
    for one in adjustments:
        adjusted.setdefault(one.person_id, []).append(one)
    leave = _leave_of(facts)
    people = {
        person.pk: person
        for person in Person.objects.filter(pk__in=set(days) | set(adjusted)).select_related(
            "site", "department"
        )
    }
    lines = [
        _line(people[person_id], days.get(person_id, []), adjusted.get(person_id, []), leave)
        for person_id in people
    ]
    return Statement(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        site=period.site.name if period.site else "",
        made_at=made_at,
        leave_types=tuple(sorted({name for types in leave.values() for name in types})),
        lines=tuple(sorted(lines, key=lambda line: (line.code, line.person_id))),
    )


class _PeriodFacts(Facts):
    """The days that the period settles, whoever's they are now, and the leave that is in them."""

    def __init__(self, period: Period) -> None:
        super().__init__(
            Choices(
                first=period.first,
                last=period.last,
                span=Span.DATES,
                zone="UTC",
                site=period.site,
            )
        )
        if not covers(current_actor().scope, period.site_id):
            raise PermissionMissing("Your account reaches only a part of this period's people.")
        self._period = period

    def day_rows(self) -> QuerySet[AttendanceDay]:
        return days_in(self._period)

    @cached_property
    def leaves(self) -> list[Leave]:
        return list(
            Leave.objects.filter(
                person__in=self.day_rows().order_by().values("person"),
                first__lte=self._period.last,
                last__gte=self._period.first,
            )
            .select_related("type")
            .order_by("first", "pk")
        )


def _line(
    person: Person,
    days: list[DayRow],
    adjusted: list[Adjustment],
    leave: dict[UUID, dict[str, int]],
) -> Line:
    sums = Totals.of(days)
    last = days[-1] if days else None
    own = person.department.path if person.department else ""
    return Line(
        person_id=str(person.pk),
        code=person.code,
        name=person.name,
        site=last.site if last else person.site.name,
        department=(last.department or "") if last else own,
        worked_min=sums.worked_min,
        payable_min=sums.payable_min,
        overtime_min=sums.overtime_min,
        absences=sums.absences,
        adjusted_payable_min=sum(one.payable_delta_min for one in adjusted),
        adjusted_overtime_min=sum(one.overtime_delta_min for one in adjusted),
        leave=leave.get(person.pk, {}),
    )


def _leave_of(facts: Facts) -> dict[UUID, dict[str, int]]:
    """By person and type, in halves of days."""
    types = {leave.pk: leave.type.name for leave in facts.leaves}
    found: dict[UUID, dict[str, int]] = {}
    for key, people in facts.leave_taken.items():
        name = types[key] if key is not None else LEAVE_GONE
        for person_id, halves in people.items():
            theirs = found.setdefault(person_id, {})
            theirs[name] = theirs.get(name, 0) + halves
    return found
