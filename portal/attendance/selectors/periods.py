"""Which dates are settled, and what is in the way of settling them.

Public surface: ``LockedDays``, ``PeriodUnknown``, ``Waiting``, ``adjustments_for``,
``hold_periods``, ``locked_period_of``, ``locked_periods_of``, ``visible_period``,
``visible_periods``, ``waiting_in``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.attendance.engine import Status
from portal.attendance.models import (
    Adjustment,
    AttendanceDay,
    Correction,
    DayException,
    Period,
    StaleDays,
)
from portal.core.context import Scope, current_actor, require
from portal.core.errors import DomainError, NotFound
from portal.organisation.selectors import visible_sites
from portal.people.models import Person
from portal.schedules.models import Leave

__all__ = [
    "UNSETTLED",
    "LockedDays",
    "PeriodUnknown",
    "Waiting",
    "adjustments_for",
    "covers",
    "days_in",
    "hold_periods",
    "locked_period_of",
    "locked_periods_of",
    "settled_periods",
    "visible_period",
    "visible_periods",
    "waiting_in",
]

_ADVISORY_LOCK: Final = 0x7065_7269  # "peri": writers of days share it, who locks a period does not
SETTLED: Final = frozenset({Period.State.LOCKED, Period.State.EXPORTED})
# What a day may still become another of by itself.
UNSETTLED: Final = frozenset(
    {
        Status.EXPECTED,
        Status.NOT_ARRIVED,
        Status.PENDING,
        Status.PROVISIONAL,
        Status.IN_PROGRESS,
    }
)
_AT_ONCE: Final = 500


class PeriodUnknown(DomainError):
    """Whether a day is settled could not be told, so nothing may be written."""

    code = "period.unknown"
    http_status = 409


@dataclass(frozen=True, slots=True)
class LockedDays:
    """Which days of some people, over some dates, are settled."""

    first: date
    last: date
    _sites: Mapping[UUID, UUID]
    # Where a day already lies at another site than its person does now.
    _elsewhere: Mapping[tuple[UUID, date], frozenset[UUID]]
    _periods: tuple[Period, ...]

    def of(self, person_id: UUID, work_date: date) -> Period | None:
        """Raises ``PeriodUnknown`` for a person or a date that was not asked for."""
        if person_id not in self._sites or not self.first <= work_date <= self.last:
            raise PeriodUnknown(
                "Whether this day is settled is not known, so nothing was changed. Try again.",
                data={"work_date": work_date.isoformat()},
            )
        if not self._periods:
            return None
        sites = {self._sites[person_id]}
        sites |= self._elsewhere.get((person_id, work_date), frozenset())
        return next(
            (
                period
                for period in self._periods
                if period.first <= work_date <= period.last
                and (period.site_id is None or period.site_id in sites)
            ),
            None,
        )


def hold_periods(*, exclusive: bool = False) -> None:
    """Until the transaction ends no period is locked by another one; on PostgreSQL, as SQLite
    has one writer anyway."""
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        function = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [_ADVISORY_LOCK])


def settled_periods(*, first: date, last: date) -> QuerySet[Period]:
    """Those that hold any of these dates, whoever's."""
    return Period.objects.filter(state__in=SETTLED, first__lte=last, last__gte=first)


def locked_period_of(person_id: UUID, work_date: date) -> Period | None:
    """The settled period that this person's day lies in, else None. For whoever writes days: it
    holds until their transaction ends."""
    return locked_periods_of([person_id], first=work_date, last=work_date).of(person_id, work_date)


def locked_periods_of(person_ids: Collection[UUID], *, first: date, last: date) -> LockedDays:
    """``locked_period_of`` for many: two queries where nothing is locked."""
    hold_periods()
    periods = tuple(settled_periods(first=first, last=last).order_by("first", "pk"))
    sites: dict[UUID, UUID] = {}
    elsewhere: dict[tuple[UUID, date], frozenset[UUID]] = {}
    for some in _portions(person_ids):
        sites |= dict(Person.objects.filter(pk__in=some).values_list("pk", "site"))
        if any(period.site_id is not None for period in periods):
            days = AttendanceDay.objects.filter(
                person__in=some, work_date__range=(first, last)
            ).values_list("person", "work_date", "site")
            for person_id, work_date, site_id in days:
                at = (person_id, work_date)
                elsewhere[at] = elsewhere.get(at, frozenset()) | {site_id}
    return LockedDays(first, last, sites, elsewhere, periods)


def _portions(person_ids: Iterable[UUID]) -> Iterable[list[UUID]]:
    ids = list(dict.fromkeys(person_ids))
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def covers(scope: Scope, site_id: UUID | None) -> bool:
    """Whether rights of ``scope`` reach everybody of a period."""
    if scope.department_ids is not None or scope.person_id is not None:
        return False
    return scope.site_ids is None or (site_id is not None and site_id in scope.site_ids)


def visible_periods() -> QuerySet[Period]:
    """Newest first: those of the actor's sites, and those of all sites."""
    actor = require("reports.view")
    periods = Period.objects.select_related("site", "locked_by").order_by("-first", "site__name")
    if actor.scope.site_ids is not None or actor.scope.department_ids is not None:
        periods = periods.filter(Q(site=None) | Q(site__in=visible_sites()))
    return periods


def visible_period(period_id: UUID) -> Period:
    period = visible_periods().filter(pk=period_id).first()
    if period is None:
        raise NotFound("There is no such period, or it is not one of your sites.")
    return period


def days_in(period: Period) -> QuerySet[AttendanceDay]:
    days = AttendanceDay.objects.filter(work_date__range=(period.first, period.last))
    return days if period.site_id is None else days.filter(site=period.site_id)


def adjustments_for(period: Period) -> QuerySet[Adjustment]:
    """What earlier periods turned out to be off by: what this one's export carried, or, before
    it, what it is going to carry."""
    adjustments = Adjustment.objects.select_related("person", "period").order_by("work_date", "id")
    if period.state == Period.State.EXPORTED:
        return adjustments.filter(reported_in=period)
    open_ones = adjustments.filter(reported_in=None, period__last__lt=period.first)
    if period.site_id is None:
        return open_ones
    return open_ones.filter(
        Q(period__site=period.site_id) | Q(period__site=None, person__site=period.site_id)
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is in the way of locking a period, each as rows to be listed."""

    days: QuerySet[AttendanceDay]
    stale: QuerySet[StaleDays]
    corrections: QuerySet[Correction]
    leaves: QuerySet[Leave]
    exceptions: QuerySet[DayException]

    def counts(self) -> dict[str, int]:
        return {
            "days": self.days.count(),
            "stale": self.stale.count(),
            "corrections": self.corrections.count(),
            "leaves": self.leaves.count(),
            "exceptions": self.exceptions.count(),
        }


def waiting_in(period: Period) -> Waiting:
    """All of the period, whatever the actor's scope: who may lock it may see it whole.

    People move: what a period settles is what was worked at its site, as its days say.
    """
    current_actor()
    dates = (period.first, period.last)
    site = Q() if period.site_id is None else Q(person__site=period.site_id)
    on_day = Q() if period.site_id is None else Q(day__site=period.site_id) | (Q(day=None) & site)
    marked = _touches(period, work_date__gte=OuterRef("first"), work_date__lte=OuterRef("last"))
    asked = _touches(period, work_date=OuterRef("work_date"))
    people = ("person", "person__site")
    return Waiting(
        days=days_in(period)
        .filter(status__in=UNSETTLED)
        .select_related("person")
        .order_by("work_date", "person__name"),
        stale=StaleDays.objects.filter(
            site | marked, first__lte=period.last, last__gte=period.first
        )
        .select_related(*people)
        .order_by("first", "person__name"),
        corrections=Correction.objects.filter(
            asked, work_date__range=dates, state=Correction.State.REQUESTED
        )
        .select_related(*people)
        .order_by("work_date", "person__name"),
        leaves=Leave.objects.filter(
            marked, first__lte=period.last, last__gte=period.first, state=Leave.State.REQUESTED
        )
        .select_related(*people, "type")
        .order_by("first", "person__name"),
        exceptions=DayException.objects.filter(
            on_day, work_date__range=dates, state=DayException.State.OPEN
        )
        .select_related(*people)
        .order_by("work_date", "person__name"),
    )


def _touches(period: Period, **dates: Any) -> Q:
    """Rows about dates of which the period has a day, or nobody has one yet and the person belongs
    to its site."""
    if period.site_id is None:
        return Q()
    days = AttendanceDay.objects.filter(
        person=OuterRef("person"), work_date__range=(period.first, period.last), **dates
    )
    return Q(Exists(days.filter(site=period.site_id))) | Q(
        ~Exists(days), person__site=period.site_id
    )
