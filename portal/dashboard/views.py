"""The landing page and the search."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.core.http import page
from portal.dashboard import selectors

__all__ = ["search", "today", "today_board"]


@page("dashboard.view")
def today(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/today.html", {"today": selectors.today()})


@page("dashboard.view")
def today_board(request: HttpRequest) -> HttpResponse:
    """The part of the landing page that is read again when something was recognised."""
    return render(request, "dashboard/_board.html", {"today": selectors.today()})


@login_required
def search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:80]
    context = {"groups": selectors.search(query), "query": query}
    return render(request, "components/palette_results.html", context)
