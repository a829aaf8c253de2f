"""Who is on the premises now, and where somebody was seen last.

Public surface: ``SiteDate``, ``LastSeen``, ``dates_by_site``, ``last_seen``, ``of_dates``,
``on_site``. None of them asks for a right: whoever calls does, and narrows by scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast

from portal.attendance.engine import Flag, Policy, Status
from portal.attendance.models import AttendanceDay, Punch
from portal.organisation.models import Site
from portal.schedules.models import PolicyVersion
from portal.sightings.models import Visit

__all__ = ["LastSeen", "SiteDate", "dates_by_site", "last_seen", "of_dates", "on_site"]

# A camera that does not tell the direction last saw somebody so long ago at most, once their shift
# is over: else they are taken to have gone home.
_UNSURE_FOR: Final = timedelta(hours=2)
# Nothing that began earlier can still be going on.
_REACH: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class SiteDate:
    """A site and what date it is there."""

    site: Site
    today: date


@dataclass(frozen=True, slots=True)
class LastSeen:
    """Where and when a camera saw somebody last. ``site_id`` is None where the camera is gone."""

    place: str
    at: datetime
    site_id: UUID | None


def dates_by_site(now: datetime, *, sites: Iterable[Site] | None = None) -> tuple[SiteDate, ...]:
    """Every site with its own date; just after midnight one has a new day and another has not."""
    found = Site.objects.order_by("name") if sites is None else sites
    return tuple(SiteDate(site, now.astimezone(ZoneInfo(site.time_zone)).date()) for site in found)


def of_dates(dates: Sequence[SiteDate], *, back: int = 0) -> Q:
    """The condition that a day is one of each site's today, or of up to ``back`` dates before."""
    by_date: dict[date, list[UUID]] = {}
    for each in dates:
        by_date.setdefault(each.today, []).append(each.site.pk)
    condition = Q(pk__in=[])
    for today, site_ids in by_date.items():
        wanted = [today - timedelta(days=n) for n in range(back + 1)]
        condition |= Q(work_date__in=wanted, site__in=site_ids)
    return condition


def on_site(
    days: QuerySet[AttendanceDay], *, now: datetime, dates: Sequence[SiteDate]
) -> QuerySet[AttendanceDay]:
    """The rows of ``days`` whose people are here, the night shift that began yesterday as well.

    Whoever came and was not seen leaving is. So is, for want of knowledge, who was seen last by a
    camera that does not tell the direction, until their shift ends or two hours have gone by; and
    who was never seen leaving although the time for it is over, until they came longer ago than
    anybody stays. It is worse to overlook somebody than to look for somebody who went.
    """
    undirected = Punch.objects.filter(
        person=OuterRef("person"),
        at__gte=now - _REACH,
        at__lte=OuterRef("last_out"),
        last_at__gte=OuterRef("last_out"),
        direction=Punch.Direction.UNKNOWN,
        state=Punch.State.COUNTED,
        voided_at=None,
    )
    perhaps = Q(
        Q(end__gt=now) | Q(last_out__gte=now - _UNSURE_FOR),
        Exists(undirected),
        status=Status.PROVISIONAL,
        window_end__gt=now,
    )
    return (
        days.filter(of_dates(dates, back=1))
        .alias(flags_text=Cast("flags", TextField()), oldest_coming=_oldest_coming(now))
        .filter(Q(status=Status.IN_PROGRESS) | perhaps | _never_left(now))
    )


def _never_left(now: datetime) -> Q:
    """Rows that their window's end made incomplete, or the policy closed, of people whose latest
    punch is a coming no older than the longest session. Whoever was somewhere else since is
    where that row says."""
    counted = Punch.objects.filter(
        person=OuterRef("person"),
        at__lte=now,
        state=Punch.State.COUNTED,
        voided_at=None,
    )
    left_since = counted.filter(direction=Punch.Direction.OUT, at__gt=OuterRef("at"))
    came = counted.exclude(direction=Punch.Direction.OUT).filter(
        ~Exists(left_since), at__gte=OuterRef("oldest_coming")
    )
    later = AttendanceDay.objects.filter(
        person=OuterRef("person"),
        work_date__gte=OuterRef("work_date"),
        first_in__gt=OuterRef("first_in"),
    )
    is_open = Q(status=Status.INCOMPLETE, first_in__isnull=False, last_out=None)
    is_closed_unseen = Q(flags_text__contains=Flag.AUTO_CLOSED.value)
    return Q(is_open | is_closed_unseen, ~Exists(later), Exists(came), window_end__lte=now)


def _oldest_coming(now: datetime) -> Case:
    """Since when somebody can be in at all, by the policy of the row."""
    longest = PolicyVersion.objects.order_by().values_list("max_session_min", flat=True).distinct()
    whens = [
        When(policy__max_session_min=minutes, then=Value(now - timedelta(minutes=minutes)))
        for minutes in longest
    ]
    without = Value(now - Policy().max_session)
    return Case(*whens, default=without, output_field=DateTimeField())


def last_seen(
    people: Iterable[UUID] | QuerySet[AttendanceDay, Any], *, now: datetime
) -> dict[UUID, LastSeen]:
    """Per person the latest of their punches and visits; who was not seen lately is left out."""
    found: dict[UUID, LastSeen] = {}

    def keep(person_id: UUID, at: datetime, place: str, site_id: UUID | None) -> None:
        known = found.get(person_id)
        if known is None or known.at < at:
            found[person_id] = LastSeen(place, at, site_id)

    punches = Punch.objects.filter(
        person__in=people,
        at__gte=now - _REACH,
        at__lte=now,
        state=Punch.State.COUNTED,
        voided_at=None,
    )
    for person_id, at, kept, name, place, site_id in punches.order_by().values_list(
        "person", "last_at", "place", "camera__name", "camera__place", "camera__site"
    ):
        keep(person_id, at, place or name or kept, site_id)
    visits = Visit.objects.filter(
        Q(is_confirmed=True) | Q(settled_as__in=(Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED)),
        person__in=people,
        first_at__gte=now - _REACH,
        first_at__lte=now,
    )
    for person_id, at, name, place, site_id in visits.order_by().values_list(
        "person", "last_at", "last_camera__name", "last_camera__place", "last_camera__site"
    ):
        keep(person_id, at, place or name, site_id)
    return found
