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

from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.attendance.engine import Status
from portal.attendance.models import AttendanceDay, Punch
from portal.organisation.models import Site
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
    camera that does not tell the direction, until their shift ends or two hours have gone by: it
    is worse to overlook somebody than to look for somebody who went.
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
    return days.filter(of_dates(dates, back=1)).filter(Q(status=Status.IN_PROGRESS) | perhaps)


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
