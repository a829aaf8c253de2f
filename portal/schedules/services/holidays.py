"""Holiday calendars: their days, and which sites keep them.

Public surface: ``CalendarPlace``, ``create_calendar``, ``rename_calendar``, ``copy_calendar``,
``delete_calendar``, ``take_years``, ``add_holiday``, ``remove_holiday``, ``assign_calendar``.

A change tells of the days of everybody at the sites that keep the calendar, and of no others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError, PermissionMissing
from portal.core.naming import free_name
from portal.organisation.models import Site
from portal.people.models import Person
from portal.schedules.changes import PlanChange, tell
from portal.schedules.models import Holiday, HolidayCalendar, SiteCalendar
from portal.schedules.public_holidays import YEARS_AHEAD, public_holidays
from portal.schedules.services.reach import require_site

__all__ = [
    "CalendarPlace",
    "add_holiday",
    "assign_calendar",
    "copy_calendar",
    "create_calendar",
    "delete_calendar",
    "remove_holiday",
    "rename_calendar",
    "take_years",
]

_LONGEST_NAME: Final = 80
_LONGEST_DAY_NAME: Final = 120
_CAUSE: Final = "holidays"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPlace:
    """From where the library's holidays are taken; a calendar of one's own has no country."""

    country: str = ""
    subdivision: str = ""
    language: str = ""


@transaction.atomic
def create_calendar(
    name: str,
    place: CalendarPlace | None = None,
    *,
    first_year: int | None = None,
    last_year: int | None = None,
) -> HolidayCalendar:
    """With the public holidays of these years, where a country is named; else empty."""
    require("schedules.manage")
    place = place or CalendarPlace()
    calendar = HolidayCalendar.objects.create(
        name=_free(name), country=place.country, subdivision=place.subdivision
    )
    record("schedules.calendar.created", target=calendar, after=_shown(calendar))
    if place.country and first_year is not None:
        take_years(
            calendar,
            language=place.language,
            first_year=first_year,
            last_year=last_year or first_year,
        )
    return calendar


@transaction.atomic
def rename_calendar(calendar: HolidayCalendar, name: str) -> HolidayCalendar:
    locked = _locked(calendar)
    before = locked.name
    locked.name = _free(name, unless=locked)
    if locked.name != before:
        locked.save(update_fields=["name"])
        record(
            "schedules.calendar.renamed",
            target=locked,
            before={"name": before},
            after={"name": locked.name},
        )
    return locked


@transaction.atomic
def copy_calendar(calendar: HolidayCalendar, name: str) -> HolidayCalendar:
    """Another calendar with the same days, kept by no site yet."""
    require("schedules.manage")
    copy = HolidayCalendar.objects.create(
        name=_free(name), country=calendar.country, subdivision=calendar.subdivision
    )
    days = Holiday.objects.filter(calendar=calendar)
    Holiday.objects.bulk_create(
        Holiday(calendar=copy, date=each.date, name=each.name) for each in days
    )
    record(
        "schedules.calendar.created",
        target=copy,
        after={**_shown(copy), "copied_from": str(calendar.pk)},
    )
    return copy


@transaction.atomic
def delete_calendar(calendar: HolidayCalendar) -> None:
    """Raises ``DomainError`` ``calendar.in_use`` while a site keeps it."""
    locked = _locked(calendar)
    count = locked.sites.count()
    if count:
        raise DomainError(
            f"{locked.name} cannot be deleted: {_sites(count)} it. Give them another calendar "
            "first.",
            code="calendar.in_use",
            http_status=409,
        )
    record("schedules.calendar.deleted", target=locked, before=_shown(locked))
    locked.delete()


@transaction.atomic
def take_years(
    calendar: HolidayCalendar, *, first_year: int, last_year: int, language: str = ""
) -> int:
    """Add the public holidays of these years that the calendar lacks; returns how many.

    A date that has a name keeps it. Raises ``DomainError`` ``calendar.without_country``,
    ``holidays.unknown_place``, ``holidays.years``.
    """
    locked = _locked(calendar)
    if not locked.country:
        raise DomainError(
            f"{locked.name} is a calendar of your own, with no country to take holidays from. Add "
            "its days by hand, or make a calendar for a country.",
            code="calendar.without_country",
        )
    found = public_holidays(
        locked.country,
        subdivision=locked.subdivision,
        language=language,
        first_year=first_year,
        last_year=last_year,
    )
    known = set(locked.holidays.values_list("date", flat=True))
    new = [(day, name) for day, name in found if day not in known]
    _add(locked, new)
    return len(new)


@transaction.atomic
def add_holiday(
    calendar: HolidayCalendar, *, day: date, name: str, until_year: int | None = None
) -> int:
    """A day of one's own, every year until ``until_year``; returns how many were new.

    Raises ``DomainError`` ``holiday.name``, ``holiday.years``, ``holiday.taken`` where every one
    of the dates is a holiday already.
    """
    locked = _locked(calendar)
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_DAY_NAME:
        raise DomainError(
            f"A holiday needs a name of at most {_LONGEST_DAY_NAME} characters.",
            code="holiday.name",
            data={"field": "name"},
        )
    last = until_year or day.year
    if not day.year <= last <= day.year + YEARS_AHEAD:
        raise DomainError(
            f"A day can be repeated for {YEARS_AHEAD} years at most: until "
            f"{day.year + YEARS_AHEAD}.",
            code="holiday.years",
            data={"field": "until_year"},
        )
    wanted = [each for year in range(day.year, last + 1) if (each := _in_year(day, year))]
    known = dict(locked.holidays.filter(date__in=wanted).values_list("date", "name"))
    new = [(each, name) for each in wanted if each not in known]
    if not new:
        raise DomainError(
            f"{day:%-d %B %Y} is “{known[day]}” already. Remove that first, or choose another "
            "date.",
            code="holiday.taken",
            http_status=409,
            data={"field": "day"},
        )
    _add(locked, new)
    return len(new)


@transaction.atomic
def remove_holiday(holiday: Holiday) -> None:
    """The date is worked again. Taking its year from the library once more brings it back."""
    locked = _locked(holiday.calendar)
    if not Holiday.objects.filter(pk=holiday.pk).delete()[0]:
        return
    record(
        "schedules.calendar.changed",
        target=locked,
        before={"date": holiday.date.isoformat(), "name": holiday.name},
    )
    _tell(_people_of(locked), [holiday.date])


@transaction.atomic
def assign_calendar(site: Site, calendar: HolidayCalendar | None) -> None:
    """``site`` keeps this calendar, or none. Only the dates in which the two differ are told of."""
    require_site(site.pk, "These holidays")
    row = SiteCalendar.objects.select_for_update().filter(site=site).first()
    before = row.calendar_id if row is not None else None
    after = calendar.pk if calendar is not None else None
    if before == after:
        return
    if calendar is None:
        SiteCalendar.objects.filter(site=site).delete()
    else:
        SiteCalendar.objects.update_or_create(site=site, defaults={"calendar": calendar})
    record(
        "schedules.site.calendar",
        target=site,
        before={"calendar": str(before or "")},
        after={"calendar": str(after or "")},
    )
    dates = [
        set(Holiday.objects.filter(calendar=each).values_list("date", flat=True))
        for each in (before, after)
    ]
    _tell(_people_at([site.pk]), dates[0] ^ dates[1])


def _add(calendar: HolidayCalendar, days: Iterable[tuple[date, str]]) -> None:
    made = Holiday.objects.bulk_create(
        Holiday(calendar=calendar, date=day, name=name) for day, name in days
    )
    if not made:
        return
    record(
        "schedules.calendar.changed",
        target=calendar,
        after={"added": [each.date.isoformat() for each in made]},
    )
    _tell(_people_of(calendar), [each.date for each in made])


def _locked(calendar: HolidayCalendar) -> HolidayCalendar:
    """For whoever answers for all sites that keep it: they would all have other days."""
    scope = require("schedules.manage").scope
    locked = HolidayCalendar.objects.select_for_update().get(pk=calendar.pk)
    keeping = set(locked.sites.values_list("site_id", flat=True))
    is_beyond = scope.site_ids is not None and not keeping <= scope.site_ids
    if is_beyond or (keeping and scope.department_ids is not None):
        raise PermissionMissing(
            f"Sites that your rights do not reach keep {locked.name} too, and would have other "
            "holidays. Copy it, and let your sites keep the copy."
        )
    return locked


def _people_of(calendar: HolidayCalendar) -> frozenset[UUID]:
    return _people_at(calendar.sites.values_list("site_id", flat=True))


def _people_at(site_ids: Iterable[UUID]) -> frozenset[UUID]:
    return frozenset(Person.objects.filter(site__in=list(site_ids)).values_list("pk", flat=True))


def _tell(person_ids: frozenset[UUID], dates: Collection[date]) -> None:
    if person_ids and dates:
        tell(PlanChange(person_ids=person_ids, first=min(dates), last=max(dates), cause=_CAUSE))


def _in_year(day: date, year: int) -> date | None:
    """None for 29 February in a year without one."""
    try:
        return day.replace(year=year)
    except ValueError:
        return None


def _free(name: str, *, unless: HolidayCalendar | None = None) -> str:
    return free_name(name, model=HolidayCalendar, noun="calendar", unless=unless)[:_LONGEST_NAME]


def _sites(count: int) -> str:
    return "one site keeps" if count == 1 else f"{count} sites keep"


def _shown(calendar: HolidayCalendar) -> dict[str, str]:
    return {
        "name": calendar.name,
        "country": calendar.country,
        "subdivision": calendar.subdivision,
    }
