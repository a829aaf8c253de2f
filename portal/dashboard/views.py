"""The landing page with the board of today, its lists, and the search."""

from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.core.context import current_actor
from portal.core.http import is_partial, page
from portal.dashboard import selectors
from portal.dashboard.board import LISTS, ListQuery, board_page, list_page
from portal.engines.models import WorkerReport
from portal.engines.selectors import live_workers
from portal.organisation.selectors import visible_departments, visible_sites

__all__ = ["activity", "people", "search", "today", "today_board"]


@page("dashboard.view")
def _today(request: HttpRequest) -> HttpResponse:
    context = _board()
    if not context["page"] or context["page"].is_empty:
        # Nothing to count yet: what the cameras saw is the page.
        context["today"] = selectors.today()
    return render(request, "dashboard/today.html", context)


@wraps(_today)
def today(request: HttpRequest) -> HttpResponseBase:
    """The landing page; whoever sees nobody but themselves lands on their own."""
    actor = current_actor()
    if actor.may("self.view") and not actor.may("dashboard.view"):
        return redirect("dashboard:me")
    return _today(request)


@page("attendance.view")
def today_board(request: HttpRequest) -> HttpResponse:
    """The part of the landing page that is read again when somebody came or went."""
    return render(request, "dashboard/_board.html", _board())


@page("dashboard.view")
def activity(request: HttpRequest) -> HttpResponse:
    """The part of it that is read again when something was recognised."""
    return render(request, "dashboard/_activity.html", {"today": selectors.today()})


@page("attendance.view")
def people(request: HttpRequest) -> HttpResponse:
    """Whom one number of the board counts."""
    query = ListQuery.of(request.GET)
    context = {
        "listed": list_page(query, timezone.now(), number=request.GET.get("page")),
        "lists": LISTS,
    }
    if is_partial(request):
        return render(request, "dashboard/_people.html", context)
    context |= {
        "sites": visible_sites().order_by("name"),
        "departments": visible_departments().order_by("site__name", "path"),
    }
    return render(request, "dashboard/people.html", context)


@login_required
def search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:80]
    context = {"groups": selectors.search(query), "query": query}
    return render(request, "components/palette_results.html", context)


def _board() -> dict[str, Any]:
    return {
        "page": board_page(timezone.now()) if current_actor().may("attendance.view") else None,
        "recognition_workers": live_workers(WorkerReport.Role.RECOGNITION),
    }
