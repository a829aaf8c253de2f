"""Who is away in a month: a calendar with a row for each."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.core.http import is_partial, page
from portal.organisation.selectors import visible_departments, visible_sites
from portal.people.listing import Places
from portal.schedules.selectors.leave_month import away_in
from portal.schedules.views.roster_markup import day_kinds
from portal.ui.markup import query_with

__all__ = ["calendar"]

_KEPT = ("month", "site", "department")
_PAGE = 100


@page("schedules.view")
@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    places = Places(tuple(visible_sites()), tuple(visible_departments()))
    first = _month(request.GET.get("month", ""), today)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    site_id, department_id = (_uuid(request.GET.get(name, "")) for name in ("site", "department"))
    found = away_in(
        first,
        last,
        site_id=site_id,
        department_ids=places.with_below(department_id) if department_id is not None else None,
    )
    query = _query(request.GET)
    rows = Paginator(found.rows, _PAGE).get_page(request.GET.get("page"))
    context = {
        "away": found,
        "page_obj": rows,
        "days": [
            (day, kind, count)
            for (day, kind), count in zip(
                day_kinds(found.days, today=today), found.away, strict=True
            )
        ],
        "month": first,
        "before_url": query_with(query, month=f"{first - timedelta(days=1):%Y-%m}"),
        "after_url": query_with(query, month=f"{last + timedelta(days=1):%Y-%m}"),
        "now_url": query_with(query, month=None),
        "is_now": (first.year, first.month) == (today.year, today.month),
        "site_id": site_id,
        "department_id": department_id,
    }
    if is_partial(request):
        response = render(request, "schedules/_leave_month.html", context)
        kept = query_with(query)
        response["HX-Replace-Url"] = reverse("schedules:leave_calendar") + (
            kept if kept != "?" else ""
        )
        return response
    return render(request, "schedules/leave_month.html", {**context, "places": places})


def _month(text: str, today: date) -> date:
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    # The months beside it must be dates as well.
    return first if date.min.year < first.year < date.max.year else today.replace(day=1)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _query(query: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for key in _KEPT:
        if query.get(key):
            kept[key] = str(query[key])
    return kept
