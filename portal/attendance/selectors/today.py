"""The Today board: who is expected, who came, who is missing, who is here; and each of the lists.

Public surface: ``Bucket``, ``Counts``, ``Board``, ``SiteBoard``, ``DepartmentBoard``,
``BoardMember``, ``board``, ``people_of``, ``members_of``. A number and its list are one condition,
so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import CharField, Count, Q, QuerySet
from django.db.models.functions import Cast, Substr

from portal.attendance.engine import Status
from portal.attendance.models import AttendanceDay
from portal.attendance.selectors.presence import (
    LastSeen,
    SiteDate,
    dates_by_site,
    last_seen,
    of_dates,
    on_site,
)
from portal.attendance.selectors.visible import visible_days
from portal.core.context import require
from portal.organisation.models import Department
from portal.people.models import Person

__all__ = [
    "Arrivals",
    "Board",
    "BoardMember",
    "Bucket",
    "Counts",
    "DepartmentBoard",
    "SiteBoard",
    "board",
    "members_of",
    "people_of",
]


class Bucket(StrEnum):
    """A number of the board. Somebody can be in several: late and here, say."""

    EXPECTED = "expected"
    CAME = "came"
    LATE = "late"
    ON_SITE = "on_site"
    TO_COME = "to_come"
    NOT_ARRIVED = "not_arrived"
    PENDING = "pending"
    ABSENT = "absent"
    ON_LEAVE = "on_leave"
    INCOMPLETE = "incomplete"
    UNSCHEDULED = "unscheduled"


_CAME: Final = Q(first_in__isnull=False) | Q(last_out__isnull=False)
# Of those of the sites' today; who is on site is counted with yesterday's nights.
_CONDITIONS: Final = {
    Bucket.EXPECTED: Q(shift__isnull=False)
    & ~Q(status__in=(Status.ON_LEAVE, Status.HOLIDAY, Status.DAY_OFF)),
    Bucket.CAME: _CAME,
    Bucket.LATE: Q(late_min__gt=0),
    Bucket.TO_COME: Q(status=Status.EXPECTED),
    Bucket.NOT_ARRIVED: Q(status=Status.NOT_ARRIVED),
    Bucket.PENDING: Q(status=Status.PENDING),
    Bucket.ABSENT: Q(status__in=(Status.ABSENT, Status.HALF_LEAVE_ABSENT)),
    Bucket.ON_LEAVE: Q(status=Status.ON_LEAVE),
    Bucket.INCOMPLETE: Q(status=Status.INCOMPLETE),
    Bucket.UNSCHEDULED: _CAME & Q(shift__isnull=True),
}

Counts = dict[Bucket, int]


@dataclass(frozen=True, slots=True)
class DepartmentBoard:
    """``department`` is None for those who belong to none."""

    department: Department | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class SiteBoard:
    site_date: SiteDate
    counts: Counts
    departments: tuple[DepartmentBoard, ...]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many came first in each ten minutes, by the clock of their own site: minutes after
    midnight, and people."""

    by_minute: tuple[tuple[int, int], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Board:
    at: datetime
    counts: Counts
    sites: tuple[SiteBoard, ...]
    arrivals: Arrivals
    # Of those on site, who may have gone without having been seen to.
    perhaps_on_site: int

    @property
    def is_empty(self) -> bool:
        """Nothing was computed for today: no shifts, and nobody came."""
        return not self.sites


@dataclass(frozen=True, slots=True)
class BoardMember:
    """Somebody in one of the lists, with the days that put them there."""

    person: Person
    days: tuple[AttendanceDay, ...]
    seen: LastSeen | None = None

    @property
    def day(self) -> AttendanceDay:
        return self.days[0]


@dataclass(slots=True)
class _Tally:
    counts: Counts = field(default_factory=lambda: dict.fromkeys(Bucket, 0))
    perhaps: int = 0

    def add(self, other: _Tally) -> None:
        for bucket, count in other.counts.items():
            self.counts[bucket] += count
        self.perhaps += other.perhaps


def board(now: datetime) -> Board:
    """Everything the Today page shows, of the actor's scope, in five queries."""
    require("attendance.view")
    dates = dates_by_site(now)
    found = _tallies(now, dates)
    departments = Department.objects.in_bulk([pk for _, pk in found if pk is not None])
    sites, total = [], _Tally()
    for each in dates:
        of_site, rows = _Tally(), []
        for (site_id, department_id), tally in found.items():
            if site_id == each.site.pk:
                of_site.add(tally)
                rows.append(DepartmentBoard(departments.get(department_id), tally.counts))
        if rows:
            total.add(of_site)
            rows.sort(key=lambda row: (row.department is None, str(row.department or "")))
            sites.append(SiteBoard(each, of_site.counts, tuple(rows)))
    return Board(
        at=now,
        counts=total.counts,
        sites=tuple(sites),
        arrivals=_arrivals(dates),
        perhaps_on_site=total.perhaps,
    )


def people_of(
    bucket: Bucket,
    now: datetime,
    *,
    site_id: UUID | None = None,
    department_id: UUID | None = None,
    has_no_department: bool = False,
    search: str = "",
) -> QuerySet[Person]:
    """Whom a number of the board counts, by name; ``search`` is of names and codes."""
    require("attendance.view")
    found = _days(bucket, now)
    if site_id is not None:
        found = found.filter(person__site=site_id)
    if department_id is not None:
        found = found.filter(person__department=department_id)
    elif has_no_department:
        found = found.filter(person__department=None)
    people = Person.objects.filter(pk__in=found.order_by().values("person"))
    if search:
        people = people.filter(Q(name__icontains=search) | Q(code__icontains=search))
    return people.select_related("site", "department").order_by("name", "code")


def members_of(bucket: Bucket, people: Sequence[Person], now: datetime) -> list[BoardMember]:
    """These people of a list, in their order, with what its rows say of them."""
    ids = [person.pk for person in people]
    days: dict[UUID, list[AttendanceDay]] = {}
    rows = _days(bucket, now).filter(person__in=ids).select_related("shift__shift")
    for day in rows.order_by("work_date", "occurrence_no"):
        days.setdefault(day.person_id, []).append(day)
    seen = last_seen(ids, now=now)
    return [
        BoardMember(person, tuple(days[person.pk]), seen.get(person.pk))
        for person in people
        if person.pk in days
    ]


def _days(bucket: Bucket, now: datetime) -> QuerySet[AttendanceDay]:
    dates = dates_by_site(now)
    if bucket is Bucket.ON_SITE:
        return on_site(visible_days(), now=now, dates=dates)
    return visible_days().filter(of_dates(dates)).filter(_CONDITIONS[bucket])


def _tallies(now: datetime, dates: Sequence[SiteDate]) -> dict[tuple[UUID, UUID | None], _Tally]:
    """By site and department of the person as it is now: so everybody is counted in one of each."""
    found: dict[tuple[UUID, UUID | None], _Tally] = {}
    # People and not rows are counted: whoever works two shifts a day is one.
    counts = {
        str(bucket): Count("person", filter=condition, distinct=True)
        for bucket, condition in _CONDITIONS.items()
    }
    whose = ("person__site", "person__department")
    days = visible_days().filter(of_dates(dates)).order_by()
    for row in days.values(*whose).annotate(**counts):
        tally = found.setdefault((row[whose[0]], row[whose[1]]), _Tally())
        tally.counts.update({bucket: row[bucket] for bucket in _CONDITIONS})
    here = on_site(visible_days(), now=now, dates=dates).order_by()
    sure = Count("person", filter=Q(status=Status.IN_PROGRESS), distinct=True)
    for row in here.values(*whose).annotate(here=Count("person", distinct=True), sure=sure):
        tally = found.setdefault((row[whose[0]], row[whose[1]]), _Tally())
        tally.counts[Bucket.ON_SITE] = row["here"]
        tally.perhaps = row["here"] - row["sure"]
    return found


def _arrivals(dates: Sequence[SiteDate]) -> Arrivals:
    zones = {each.site.pk: ZoneInfo(each.site.time_zone) for each in dates}
    # The first fifteen characters of a moment in UTC, "2026-11-22 08:5", are its ten minutes, on
    # either database.
    ten_minutes = Substr(Cast("first_in", CharField()), 1, 15)
    rows = (
        visible_days()
        .filter(of_dates(dates), first_in__isnull=False)
        .order_by()
        .values("site", tens=ten_minutes)
        .annotate(people=Count("person", distinct=True))
    )
    found: dict[int, int] = {}
    for row in rows:
        moment = datetime.fromisoformat(f"{row['tens']}0").replace(tzinfo=UTC)
        local = moment.astimezone(zones[row["site"]])
        minute = (local.hour * 60 + local.minute) // 10 * 10
        found[minute] = found.get(minute, 0) + row["people"]
    return Arrivals(tuple(sorted(found.items())), sum(found.values()))
