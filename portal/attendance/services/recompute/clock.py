"""Days that the clock alone has changed, or cameras that have reported since.

Public surface: ``mark_due``, ``mark_recent``, ``is_night_missed``.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import F, Max, Min, Q
from django.utils import timezone

from portal.attendance.models import AttendanceDay
from portal.attendance.selectors.watermarks import site_marks
from portal.attendance.services.stale import CLOCK, horizon, mark_stale
from portal.people.models import Person

__all__ = ["NIGHTLY", "RECENT", "is_night_missed", "mark_due", "mark_recent"]

NIGHTLY: Final = "nightly"
# What nobody told of shows by then: a night shift has ended, and cameras have delivered.
RECENT: Final = timedelta(days=3)
_AT_ONCE: Final = 2000


def mark_due() -> int:
    """Mark the days that are due; returns of how many people."""
    now = timezone.now()
    # A window that ended before the cameras' mark: nothing is waited for any more.
    condition = Q(due_at__lte=now, computed_at__lt=F("due_at"))
    waited = AttendanceDay.objects.filter(due_at__isnull=False, window_end__lte=now)
    sites = set(waited.order_by().values_list("site_id", flat=True).distinct())
    for site_id, mark in site_marks(sites, now=now).items():
        if mark is not None:
            condition |= Q(site=site_id, window_end__lte=mark)
    due = AttendanceDay.objects.filter(condition, due_at__isnull=False).order_by()
    people = list(
        due.values_list("person_id").annotate(first=Min("work_date"), last=Max("work_date"))[
            :_AT_ONCE
        ]
    )
    spans: dict[tuple[date, date], list[UUID]] = {}
    for person_id, first, last in people:
        spans.setdefault((first, last), []).append(person_id)
    for (first, last), ids in spans.items():
        mark_stale(ids, first=first, last=last, cause=CLOCK)
    return len(people)


def mark_recent() -> None:
    """Everybody's recent past, and the days to come, which have no rows yet."""
    now = timezone.now()
    living = Person.objects.filter(status__in=Person.LIVING)
    mark_stale(
        list(living.values_list("pk", flat=True)),
        first=(now - RECENT).date(),
        last=horizon(now),
        cause=NIGHTLY,
    )


def is_night_missed(now: datetime) -> bool:
    """Whether today has no day at all though yesterday had: the portal was off at night."""
    today = now.date()
    days = AttendanceDay.objects.order_by()
    return (
        not days.filter(work_date__gte=today).exists()
        and days.filter(work_date__gte=today - RECENT * 10).exists()
    )
