"""Holiday calendars: their days, and which sites keep them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.core.errors import DomainError, NotFound
from portal.core.http import page, posted
from portal.organisation.selectors import visible_sites
from portal.schedules.forms.holidays import (
    CalendarChoice,
    DayForm,
    NameForm,
    PlaceForm,
    YearsForm,
)
from portal.schedules.forms.parts import add_error_of
from portal.schedules.models import Holiday
from portal.schedules.public_holidays import country_name, public_holidays, subdivisions_of
from portal.schedules.selectors.holidays import (
    calendar_of,
    calendars,
    holidays_in,
    sites_with_calendars,
)
from portal.schedules.services import holidays as services

__all__ = [
    "add_day",
    "assign",
    "copy",
    "create",
    "delete",
    "detail",
    "index",
    "remove_day",
    "rename",
    "take_years",
]

_PLACE = ("country", "subdivision", "language", "first_year", "last_year", "name")


@page("schedules.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    context = {"calendars": list(calendars()), "sites": sites_with_calendars()}
    return render(request, "schedules/holidays.html", context)


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A form that shows the days of what is chosen in it, before anything is made."""
    form = PlaceForm(posted(request), initial=_chosen(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = services.create_calendar(
                data["name"],
                form.place(),
                first_year=data["first_year"],
                last_year=data["last_year"],
            )
        except DomainError as error:
            add_error_of(form, error)
        else:
            messages.success(request, f"The calendar “{made.name}” is made.")
            return redirect("schedules:calendar", made.pk)
    context = {"form": form, "days": _preview(form)}
    return render(
        request, "schedules/holidays_new.html", context, status=422 if form.errors else 200
    )


@page("schedules.view")
@require_GET
def detail(request: HttpRequest, calendar_id: UUID) -> HttpResponse:
    return _calendar(request, calendar_id)


@page("schedules.manage")
@require_POST
def take_years(request: HttpRequest, calendar_id: UUID) -> HttpResponse:
    calendar = calendar_of(calendar_id)
    form = YearsForm(request.POST, country=calendar.country)
    if form.is_valid():
        try:
            count = services.take_years(calendar, **form.cleaned_data)
        except DomainError as error:
            add_error_of(form, error)
        else:
            words = f"{count} holidays were added." if count else "Nothing was missing."
            messages.success(request, words)
            return redirect("schedules:calendar", calendar.pk)
    return _calendar(request, calendar_id, years_form=form)


@page("schedules.manage")
@require_POST
def add_day(request: HttpRequest, calendar_id: UUID) -> HttpResponse:
    form = DayForm(request.POST)
    calendar = calendar_of(calendar_id)
    if form.is_valid():
        day = form.cleaned_data["day"]
        try:
            count = services.add_holiday(calendar, **form.cleaned_data)
        except DomainError as error:
            add_error_of(form, error)
        else:
            words = "The day was" if count == 1 else f"{count} days were"
            messages.success(request, f"{words} added.")
            response = redirect("schedules:calendar", calendar.pk)
            response["Location"] += f"?year={day.year}"
            return response
    return _calendar(request, calendar_id, day_form=form)


@page("schedules.manage")
@require_POST
def remove_day(request: HttpRequest, holiday_id: UUID) -> HttpResponse:
    holiday = Holiday.objects.select_related("calendar").filter(pk=holiday_id).first()
    if holiday is None:
        raise NotFound("This holiday was removed already.")
    services.remove_holiday(holiday)
    messages.success(request, f"{holiday.name} on {holiday.date:%-d %B %Y} was removed.")
    response = redirect("schedules:calendar", holiday.calendar_id)
    response["Location"] += f"?year={holiday.date.year}"
    return response


@page("schedules.manage")
@require_POST
def rename(request: HttpRequest, calendar_id: UUID) -> HttpResponse:
    calendar = calendar_of(calendar_id)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            services.rename_calendar(calendar, form.cleaned_data["name"])
        except DomainError as error:
            add_error_of(form, error)
        else:
            messages.success(request, "The calendar was renamed.")
            return redirect("schedules:calendar", calendar.pk)
    return _calendar(request, calendar_id, name_form=form)


@page("schedules.manage")
@require_POST
def copy(request: HttpRequest, calendar_id: UUID) -> HttpResponse:
    calendar = calendar_of(calendar_id)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            made = services.copy_calendar(calendar, form.cleaned_data["name"])
        except DomainError as error:
            add_error_of(form, error)
        else:
            messages.success(request, f"“{made.name}” has the days of “{calendar.name}”.")
            return redirect("schedules:calendar", made.pk)
    return _calendar(request, calendar_id, copy_form=form)


@page("schedules.manage")
@require_POST
def delete(request: HttpRequest, calendar_id: UUID) -> HttpResponse:
    calendar = calendar_of(calendar_id)
    try:
        services.delete_calendar(calendar)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("schedules:calendar", calendar.pk)
    messages.success(request, f"The calendar “{calendar.name}” was deleted.")
    return redirect("schedules:holidays")


@page("schedules.manage")
@require_POST
def assign(request: HttpRequest, site_id: UUID) -> HttpResponse:
    site = visible_sites().filter(pk=site_id).first()
    if site is None:
        raise NotFound("There is no such site.")
    form = CalendarChoice(request.POST)
    if form.is_valid():
        calendar = form.cleaned_data["calendar"]
        services.assign_calendar(site, calendar)
        kept = f"keeps “{calendar.name}”" if calendar else "keeps no holidays"
        messages.success(request, f"{site.name} {kept}.")
    else:
        messages.error(request, "This calendar was deleted in the meantime. Choose another.")
    return redirect("schedules:holidays")


def _calendar(request: HttpRequest, calendar_id: UUID, **forms: Any) -> HttpResponse:
    calendar = calendar_of(calendar_id)
    row = calendars().get(pk=calendar.pk)
    now = timezone.localdate().year
    # What was annotated: no day at all leaves both empty.
    first, last = getattr(row, "first_date", None), getattr(row, "last_date", None)
    years = range(min(first.year, now), max(last.year, now) + 1) if first and last else [now]
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else now
    subdivision = next(
        (
            each.name
            for each in subdivisions_of(calendar.country)
            if each.code == calendar.subdivision
        ),
        calendar.subdivision,
    )
    context = {
        "calendar": calendar,
        "place": ", ".join(filter(None, [subdivision, country_name(calendar.country)])),
        "year": year,
        "years": list(years),
        "days": holidays_in(calendar, year=year),
        "sites": [site for site, kept in sites_with_calendars() if kept == calendar.pk],
        "years_form": YearsForm(country=calendar.country),
        "day_form": DayForm(),
        "name_form": NameForm(name=calendar.name),
        "copy_form": NameForm(name=f"{calendar.name}, copy"),
        **forms,
    }
    return render(request, "schedules/calendar.html", context, status=422 if forms else 200)


def _chosen(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in _PLACE if request.GET.get(name)}


def _preview(form: PlaceForm) -> tuple[tuple[Any, str], ...]:
    """The days of what is chosen so far; nothing where that is not possible."""
    value = {name: form[name].value() for name in _PLACE}
    try:
        return public_holidays(
            value["country"] or "",
            subdivision=value["subdivision"] or "",
            language=value["language"] or "",
            first_year=int(value["first_year"]),
            last_year=int(value["last_year"]),
        )
    except (DomainError, TypeError, ValueError):
        return ()
