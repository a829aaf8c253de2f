"""Search by a face: the form, the progress, which of several faces, and what was found."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from portal.audit.services import record_view
from portal.core.errors import DomainError, NotFound
from portal.core.http import is_partial, page, picture_response
from portal.core.vault import vault
from portal.facesearch import services
from portal.facesearch.forms import SearchForm
from portal.facesearch.models import FaceSearch
from portal.facesearch.selectors import found_visits, own_search, own_searches, searched_face
from portal.review.models import Stranger
from portal.review.selectors import cards_of, reviewed_visit, visible_stranger
from portal.sightings.models import Visit

__all__ = ["choose", "face", "result", "start"]

LISTED: Final = 10


@page("faces.search")
def start(request: HttpRequest) -> HttpResponse:
    """``?visit=`` or ``?stranger=`` says whose face; else a photo is asked for."""
    visit, stranger = _source(request)
    form = SearchForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                search = _ask(form, visit, stranger)
            except DomainError as error:
                form.add_error("reason" if error.code == "search.reason" else None, error.message)
                status = error.http_status
            else:
                return redirect("facesearch:result", search.pk)
    context = {
        "form": form,
        "visit": visit,
        "stranger": stranger,
        "crop_id": _crop(visit, stranger),
        "searches": own_searches()[:LISTED],
        "most": services.MOST_AN_HOUR,
    }
    return render(request, "facesearch/start.html", context, status=status)


@page("faces.search")
def result(request: HttpRequest, search_id: UUID) -> HttpResponse:
    search = own_search(search_id)
    found = found_visits(search)
    context: dict[str, Any] = {
        "search": search,
        "faces": search.faces.all(),
        "crop_id": _crop(search.visit, search.stranger),
        "likely": [one for one in found if one.is_likely],
        "perhaps": [one for one in found if not one.is_likely],
    }
    template = "facesearch/_result.html" if is_partial(request) else "facesearch/result.html"
    return render(request, template, context)


@page("faces.search")
@require_POST
def choose(request: HttpRequest, search_id: UUID, position: int) -> HttpResponse:
    """Which of the photo's faces is meant."""
    search = services.choose_face(own_search(search_id), position)
    return redirect("facesearch:result", search.pk)


@page("faces.search")
def face(request: HttpRequest, search_id: UUID, position: int) -> HttpResponse:
    """A face of the photo that was uploaded, for whoever uploaded it."""
    found = searched_face(search_id, position)
    record_view("faces.search.viewed", target=found.search)
    return picture_response(vault().get(found.portrait_key))


def _ask(form: SearchForm, visit: Visit | None, stranger: Stranger | None) -> FaceSearch:
    photo = form.cleaned_data["photo"]
    is_known = visit is not None or stranger is not None
    return services.ask(
        form.cleaned_data["reason"],
        photo=photo.read() if photo is not None and not is_known else None,
        visit=visit,
        stranger=stranger,
    )


def _source(request: HttpRequest) -> tuple[Visit | None, Stranger | None]:
    given = request.POST if request.method == "POST" else request.GET
    try:
        if visit := given.get("visit"):
            return reviewed_visit(UUID(visit)), None
        if stranger := given.get("stranger"):
            return None, visible_stranger(UUID(stranger))
    except ValueError as error:
        raise NotFound("There is no such visit.") from error
    return None, None


def _crop(visit: Visit | None, stranger: Stranger | None) -> int | None:
    if visit is not None:
        best = visit.best_face
        return best.pk if best is not None and best.portrait_key else None
    if stranger is not None:
        crops = cards_of([stranger], crops=1)[0].crop_ids
        return crops[0] if crops else None
    return None
