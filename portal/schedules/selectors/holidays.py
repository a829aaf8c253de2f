"""Which dates are holidays, and the calendars that say so.

Public surface: ``holidays_of``, ``names_of_holidays``, ``calendars``, ``calendar_of``,
``holidays_in``, ``sites_with_calendars``. The first two ask for no right: they are what days are
computed from, and pages that show them ask for theirs.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db.models import Count, Max, Min, QuerySet

from portal.core.context import require
from portal.core.errors import NotFound
from portal.organisation.models import Site
from portal.organisation.selectors import visible_sites
from portal.schedules.models import Holiday, HolidayCalendar, SiteCalendar

__all__ = [
    "calendar_of",
    "calendars",
    "holidays_in",
    "holidays_of",
    "names_of_holidays",
    "sites_with_calendars",
]


def holidays_of(
    site_ids: Collection[UUID] | None, *, first: date, last: date
) -> dict[UUID, frozenset[date]]:
    """Per site (None: of every site) its holidays from ``first`` to ``last``, both included.

    A site without any is left out. One query.
    """
    return {
        site_id: frozenset(names)
        for site_id, names in names_of_holidays(site_ids, first=first, last=last).items()
    }


def names_of_holidays(
    site_ids: Collection[UUID] | None, *, first: date, last: date
) -> dict[UUID, dict[date, str]]:
    """As ``holidays_of``, with what each is called."""
    rows = SiteCalendar.objects.filter(
        calendar__holidays__date__gte=first, calendar__holidays__date__lte=last
    )
    if site_ids is not None:
        rows = rows.filter(site__in=set(site_ids))
    found: dict[UUID, dict[date, str]] = {}
    for site_id, day, name in rows.order_by("calendar__holidays__date").values_list(
        "site_id", "calendar__holidays__date", "calendar__holidays__name"
    ):
        found.setdefault(site_id, {})[day] = name
    return found


def calendars() -> QuerySet[HolidayCalendar]:
    """All calendars by name, with ``first_date``, ``last_date``, ``holiday_count``."""
    require("schedules.view")
    return HolidayCalendar.objects.annotate(
        first_date=Min("holidays__date"),
        last_date=Max("holidays__date"),
        holiday_count=Count("holidays"),
    ).order_by("name")


def calendar_of(calendar_id: UUID) -> HolidayCalendar:
    require("schedules.view")
    found = HolidayCalendar.objects.filter(pk=calendar_id).first()
    if found is None:
        raise NotFound("There is no such calendar, or it was deleted.")
    return found


def holidays_in(calendar: HolidayCalendar, *, year: int) -> list[Holiday]:
    require("schedules.view")
    return list(calendar.holidays.filter(date__year=year).order_by("date"))


def sites_with_calendars() -> list[tuple[Site, UUID | None]]:
    """The sites that the actor sees, each with the calendar it keeps."""
    require("schedules.view")
    rows = visible_sites().order_by("name").select_related("calendar")
    return [(site, getattr(site, "calendar", None) and site.calendar.calendar_id) for site in rows]
