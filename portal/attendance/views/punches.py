"""Every passage as it was recorded. Nothing is entered here: that takes a correction."""

from __future__ import annotations

from typing import Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.attendance.forms.exceptions import PunchFilter
from portal.attendance.selectors.visible import visible_punches
from portal.core.context import current_actor
from portal.core.http import is_partial, page
from portal.sightings.selectors import visible_visits

__all__ = ["index"]

PAGE: Final = 50
_KEYS: Final = ("q", "camera", "source", "state", "since", "until")


@page("attendance.view")
def index(request: HttpRequest) -> HttpResponse:
    found = PunchFilter(request.GET, queryset=visible_punches())
    shown = found.qs.select_related("person__site", "camera", "punch_import", "superseded_by")
    rows = Paginator(shown.order_by("-at", "-id"), PAGE).get_page(request.GET.get("page"))
    visits: set[object] = set()
    if current_actor().may("sightings.view"):
        ids = [row.visit_id for row in rows if row.visit_id]
        visits = set(visible_visits().filter(pk__in=ids).order_by().values_list("pk", flat=True))
    context = {
        "page_obj": rows,
        "visits": visits,
        "filter": found,
        "is_narrowed": any(request.GET.get(name) for name in _KEYS),
        "tab": "punches",
    }
    name = "_punches" if is_partial(request) else "punches"
    return render(request, f"attendance/{name}.html", context)
