"""The journal: what was done lately, by whom, and the way back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal.core.http import is_partial, page
from portal.journal import services
from portal.journal.act_view import act_views
from portal.journal.filters import ActFilter
from portal.journal.selectors import visible_act, visible_acts

__all__ = ["index", "undo"]

PAGE = 50


@page("people.view")
def index(request: HttpRequest) -> HttpResponse:
    found = ActFilter(request.GET, queryset=visible_acts())
    acts = Paginator(found.qs.order_by("-id"), PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": acts,
        "rows": act_views(list(acts)),
        "filter": found,
        "person": found.person(),
        "is_filtered": any(request.GET.get(name) for name in found.filters),
    }
    template = "journal/_acts.html" if is_partial(request) else "journal/list.html"
    return render(request, template, context)


@page("people.view")
@require_POST
def undo(request: HttpRequest, act_id: UUID) -> HttpResponse:
    """Whoever had the right to do it has the right to take it back; the service asks for it."""
    act = services.undo_act(visible_act(act_id))
    messages.success(request, f"Taken back: {act.title}.")
    if is_partial(request):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if is_ours else "journal:list")
