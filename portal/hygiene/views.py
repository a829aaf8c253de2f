"""The page of the gallery: what was found, side by side, and one click to mend each."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from portal.core.http import is_partial, page, with_toast
from portal.hygiene import services
from portal.hygiene.selectors import gallery_view, visible_finding, visible_pair
from portal.journal.models import Act
from portal.journal.notices import tell, with_undo

__all__ = ["dismiss", "index", "look", "tell_apart"]


@page("people.view")
def index(request: HttpRequest) -> HttpResponse:
    template = "hygiene/_gallery.html" if is_partial(request) else "hygiene/gallery.html"
    return render(request, template, {"gallery": gallery_view()})


@page("people.manage")
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Have the gallery looked through again."""
    services.ask_for_scan()
    message = "The gallery is being looked through. This page follows by itself."
    if is_partial(request):
        response = render(request, "hygiene/_gallery.html", {"gallery": gallery_view()})
        return with_toast(response, message, kind="info")
    tell(request, message, None)
    return redirect("hygiene:gallery")


@page("people.manage")
@require_POST
def dismiss(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    act = services.dismiss(visible_finding(finding_id))
    return _answered(request, act, "Noted: it is right as it is.")


@page("people.manage")
@require_POST
def tell_apart(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    pair = visible_pair(pair_id)
    act = services.tell_apart(pair)
    return _answered(
        request, act, f"{pair.first.name} and {pair.second.name} are different people."
    )


def _answered(request: HttpRequest, act: Act, message: str) -> HttpResponse:
    if is_partial(request):
        response = render(request, "hygiene/_gallery.html", {"gallery": gallery_view()})
        return with_undo(response, message, act)
    tell(request, message, act)
    return redirect("hygiene:gallery")
