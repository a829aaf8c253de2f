"""Strangers: the grid with what many can be done to at once, and the page of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.core.errors import DomainError, NotFound
from portal.core.http import is_partial, page
from portal.engines.selectors import policy_in_force
from portal.journal.models import Act
from portal.journal.notices import tell
from portal.people.selectors import gallery_people_count
from portal.review import services
from portal.review.filters import StrangerFilter
from portal.review.models import Stranger
from portal.review.selectors import (
    cards_of,
    forget_waiting,
    stranger_page,
    visible_stranger,
    visible_strangers,
)
from portal.review.views.answers import chosen_person, send_back
from portal.sightings.models import Visit

__all__ = ["acknowledge", "assign", "bulk", "change", "detail", "enrol", "index", "split"]

PAGE: Final = 24

Change = Callable[[Sequence[Stranger]], Act]

# What needs nothing but to know who is meant, and what is said of it afterwards.
CHANGES: Final[dict[str, tuple[Change, str]]] = {
    "watch": (services.watch_strangers, "{} watched from now on."),
    "unwatch": (
        lambda rows: services.watch_strangers(rows, is_watched=False),
        "{} no longer watched.",
    ),
    "ignore": (services.ignore_strangers, "{} ignored for good."),
    "dismiss": (services.dismiss_strangers, "{} marked as not a face."),
}


@page("review.view")
def index(request: HttpRequest) -> HttpResponse:
    found = StrangerFilter(request.GET, queryset=visible_strangers())
    rows = Paginator(found.qs, PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": rows,
        "cards": cards_of(list(rows)),
        "filter": found,
        "is_filtered": any(request.GET.get(name) for name in found.filters),
        "threshold": policy_in_force(gallery_people_count()).threshold,
    }
    template = "review/_strangers.html" if is_partial(request) else "review/strangers.html"
    return render(request, template, context)


@page("review.view")
def detail(request: HttpRequest, stranger_id: UUID) -> HttpResponse:
    context = {"page": stranger_page(stranger_id)}
    template = "review/_stranger.html" if is_partial(request) else "review/stranger.html"
    return render(request, template, context)


@page("review.decide")
@require_POST
def bulk(request: HttpRequest, action: str) -> HttpResponse:
    """Everything that can be done to whoever is ticked."""
    rows = _ticked(request)
    subject = str(rows[0]) if len(rows) == 1 else f"{len(rows)} strangers"
    if action == "assign":
        person = chosen_person(request)
        act = services.assign_strangers(rows, person)
        message = f"{subject} named {person.name}.{_left(act)}"
    elif action == "merge":
        if len(rows) < 2:
            raise DomainError(
                "One stranger cannot be merged with itself. Tick two or more.", code="review.one"
            )
        act, message = services.merge_strangers(rows), f"{subject} are one now."
    else:
        act, message = _changed(rows, action, subject)
    forget_waiting()
    tell(request, message, act)
    return send_back(request, reverse("review:strangers"))


@page("review.decide")
@require_POST
def change(request: HttpRequest, stranger_id: UUID, action: str) -> HttpResponse:
    """Watch, ignore for good, not a face."""
    stranger = visible_stranger(stranger_id)
    act, message = _changed([stranger], action, str(stranger))
    return _told(request, stranger, message, act)


@page("review.decide")
@require_POST
def assign(request: HttpRequest, stranger_id: UUID) -> HttpResponse:
    """It is somebody known; with ``add_reference`` a crop becomes one of their photos."""
    stranger, person = visible_stranger(stranger_id), chosen_person(request)
    with_photo = request.POST.get("add_reference") == "on"
    act = services.assign_strangers([stranger], person, add_reference=with_photo)
    return _told(request, stranger, f"{stranger} is {person.name}.{_left(act)}", act)


@page("review.decide")
@require_POST
def enrol(request: HttpRequest, stranger_id: UUID) -> HttpResponse:
    """A new person: the enrolment starts with the crops."""
    draft = services.enrol_stranger(visible_stranger(stranger_id))
    return redirect("enrolment:draft", draft.pk)


@page("review.decide")
@require_POST
def split(request: HttpRequest, stranger_id: UUID) -> HttpResponse:
    """The ticked visits are somebody else's."""
    stranger = visible_stranger(stranger_id)
    visits = list(Visit.objects.filter(stranger=stranger, pk__in=_ids(request, "visits")))
    if not visits:
        raise DomainError(
            "No visit is ticked. Tick those that show somebody else.", code="review.nothing"
        )
    act = services.split_stranger(stranger, visits)
    count = f"{len(visits)} visit{'' if len(visits) == 1 else 's'}"
    return _told(request, stranger, f"{count} taken out of {stranger}.", act)


@page("review.decide")
@require_POST
def acknowledge(request: HttpRequest, stranger_id: UUID) -> HttpResponse:
    """Looked at, with a memo for whoever comes next."""
    stranger = visible_stranger(stranger_id)
    act = services.acknowledge_stranger(stranger, memo=request.POST.get("memo", "").strip())
    return _told(request, stranger, f"{stranger} acknowledged.", act)


def _changed(rows: Sequence[Stranger], action: str, subject: str) -> tuple[Act, str]:
    if action not in CHANGES:
        raise NotFound("There is nothing under this address.")
    decide, words = CHANGES[action]
    act = decide(rows)
    return act, f"{words.format(subject)}{_left(act)}"


def _left(act: Act) -> str:
    """What the decision did not touch, since somebody had said of it whose it is."""
    match act.data.get("left", 0):
        case 0:
            return ""
        case 1:
            return " A visit that has a name already keeps it."
        case count:
            return f" {count} visits that have a name already keep it."


def _told(request: HttpRequest, stranger: Stranger, message: str, act: Act) -> HttpResponse:
    forget_waiting()
    tell(request, message, act)
    return send_back(request, reverse("review:stranger", args=[stranger.pk]))


def _ticked(request: HttpRequest) -> list[Stranger]:
    rows = list(visible_strangers().filter(pk__in=_ids(request, "ids")))
    if not rows:
        raise DomainError("Nobody is ticked. Tick at least one stranger.", code="review.nothing")
    return rows


def _ids(request: HttpRequest, name: str) -> list[UUID]:
    try:
        return [UUID(value) for value in request.POST.getlist(name)][:500]
    except ValueError as error:
        raise DomainError("A tick leads nowhere. Reload the page.", code="review.ids") from error
