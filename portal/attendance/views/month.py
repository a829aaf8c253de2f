"""The month of many people at once."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from portal.attendance.months import Month
from portal.attendance.selectors.month import SORTS, MonthFilter, month_grid, shift_choices
from portal.attendance.views.month_markup import day_kinds, grid_rows
from portal.attendance.words import STATUS_WORDS
from portal.core.http import is_partial, page
from portal.organisation.selectors import visible_departments, visible_sites
from portal.people.listing import Places
from portal.ui.markup import query_with
from portal.ui.tables import Sort

__all__ = ["grid"]

_KEPT = ("month", "site", "department", "shift", "status", "q", "sort")
_NO_DEPARTMENT = "none"
_LONGEST_SEARCH = 80


@page("attendance.view")
def grid(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx the grid alone."""
    places = Places(tuple(visible_sites()), tuple(visible_departments()))
    today = _today(request.GET, places)
    month = Month.parse(request.GET.get("month", ""), default=today)
    wanted = _wanted(request.GET, places)
    sort = Sort.parse(request.GET.get("sort"), fields={key: key for key in SORTS}, default="name")
    found = month_grid(month, wanted, sort=sort.key, descending=sort.descending)
    query = _query(request.GET)
    context = {
        "tab": "month",
        "grid": found,
        "month": month,
        "days": day_kinds(month, today=today),
        "rows": grid_rows(found, today=today),
        "today_month": Month.of(today),
        "before_url": query_with(query, month=str(month.before)),
        "after_url": query_with(query, month=str(month.after)),
        "today_url": query_with(query, month=None),
        "sort": sort,
        "wanted": wanted,
        "department": query.get("department", ""),
        "is_narrowed": wanted != MonthFilter(),
        "words": STATUS_WORDS.values(),
    }
    if is_partial(request):
        response = render(request, "attendance/_month_grid.html", context)
        shown = query_with(query)
        response["HX-Replace-Url"] = reverse("attendance:month") + (shown if shown != "?" else "")
        return response
    context |= {"places": places, "shifts": shift_choices(month)}
    return render(request, "attendance/month.html", context)


def _today(query: QueryDict, places: Places) -> date:
    """Where several sites are shown, the portal's own clock says which date is marked."""
    chosen = [site for site in places.sites if str(site.pk) == query.get("site")]
    if not chosen and len(places.sites) == 1:
        chosen = list(places.sites)
    if chosen:
        return timezone.localdate(timezone=ZoneInfo(chosen[0].time_zone))
    return timezone.localdate()


def _wanted(query: QueryDict, places: Places) -> MonthFilter:
    department = query.get("department", "")
    department_id = _uuid(department)
    status = query.get("status", "")
    return MonthFilter(
        site_id=_uuid(query.get("site", "")),
        department_ids=(
            tuple(places.with_below(department_id)) if department_id is not None else None
        ),
        has_no_department=department == _NO_DEPARTMENT,
        shift_id=_uuid(query.get("shift", "")),
        status=status if status in STATUS_WORDS else "",
        text=query.get("q", "").strip()[:_LONGEST_SEARCH],
    )


def _uuid(text: str) -> UUID | None:
    """What is no id narrows nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _query(query: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for key in _KEPT:
        value = query.get(key)
        if value:
            kept[key] = value
    return kept
