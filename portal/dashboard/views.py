"""The landing page and the search."""

from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from portal.core.context import current_actor
from portal.core.http import page
from portal.dashboard import selectors

__all__ = ["search", "today", "today_board"]


@page("dashboard.view")
def _today(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/today.html", {"today": selectors.today()})


@wraps(_today)
def today(request: HttpRequest) -> HttpResponseBase:
    """The landing page; whoever sees nobody but themselves lands on their own."""
    actor = current_actor()
    if actor.may("self.view") and not actor.may("dashboard.view"):
        return redirect("dashboard:me")
    return _today(request)


@page("dashboard.view")
def today_board(request: HttpRequest) -> HttpResponse:
    """The part of the landing page that is read again when something was recognised."""
    return render(request, "dashboard/_board.html", {"today": selectors.today()})


@login_required
def search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:80]
    context = {"groups": selectors.search(query), "query": query}
    return render(request, "components/palette_results.html", context)
