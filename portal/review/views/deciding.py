"""Deciding on a name: it is X, it is not X, it is somebody else. From the desk, or the live page.

Whoever comes second is told what the first one decided, and nothing is decided twice.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.core.errors import DomainError
from portal.core.http import is_partial, page
from portal.journal.models import Act
from portal.journal.notices import tell
from portal.people.models import Person
from portal.people.selectors import PersonName, visible_person
from portal.review import services
from portal.review.selectors import (
    Suggestion,
    forget_waiting,
    reviewed_visit,
    reviewed_visits,
    suggestions,
)
from portal.review.views.answers import chosen_person, decided, send_back
from portal.review.views.names import desk, listed

__all__ = ["confirm", "confirm_many", "name", "refuse"]


@page("review.decide")
@require_POST
def confirm(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """It is whom the page suggested. ``person`` says whom that was, where the page knows."""

    def act(found: Suggestion) -> tuple[Act, str]:
        person = _as_shown(found, request.POST.get("person", ""))
        return services.confirm_visits([found.visit]), f"Confirmed as {person.name}."

    return _answer(request, visit_id, act)


@page("review.decide")
@require_POST
def refuse(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """It is not them, and this face will not be taken for them again."""

    def act(found: Suggestion) -> tuple[Act, str]:
        person = _named(request) or visible_person(UUID(_suggested(found).id))
        return services.refuse_visit(found.visit, person), f"Noted: not {person.name}."

    return _answer(request, visit_id, act)


@page("review.decide")
@require_POST
def name(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """It is somebody else, whom ``person`` says."""

    def act(found: Suggestion) -> tuple[Act, str]:
        person = chosen_person(request)
        return services.name_visit(found.visit, person), f"Named {person.name}."

    return _answer(request, visit_id, act)


@page("review.decide")
@require_POST
def confirm_many(request: HttpRequest) -> HttpResponse:
    """Everybody who is ticked is whom the list suggested."""
    visits = [visit for visit in reviewed_visits(_ids(request)) if not visit.settled_as]
    if not visits:
        raise DomainError(
            "Nothing is ticked that still waits for an answer. Tick at least one.",
            code="review.nothing",
        )
    for found in suggestions(visits):
        _as_shown(found, request.POST.get(f"as-{found.visit.pk}", ""))
    act = services.confirm_visits(visits)
    forget_waiting()
    count = len(visits)
    message = f"{count} name{'' if count == 1 else 's'} confirmed."
    if is_partial(request):
        response = render(request, "review/_list.html", listed())
        return decided(response, message, act, kind="success")
    tell(request, message, act)
    return send_back(request, f"{reverse('review:queue')}?mode=list")


def _answer(
    request: HttpRequest, visit_id: UUID, act: Callable[[Suggestion], tuple[Act, str]]
) -> HttpResponse:
    visit = reviewed_visit(visit_id)
    (found,) = suggestions([visit])
    done: Act | None = None
    try:
        done, message = act(found)
        kind = "success"
    except DomainError as error:
        if error.code != "review.decided":
            raise
        message, kind = error.message, "info"
    forget_waiting()
    if is_partial(request):
        # The live page shows the visit by itself; the desk asks for what comes next.
        is_desk = "desk" in request.POST
        response = (
            render(request, "review/_desk.html", desk(after=visit.pk))
            if is_desk
            else HttpResponse(status=204)
        )
        return decided(response, message, done, kind=kind)
    if done is None:
        messages.info(request, message)
    else:
        tell(request, message, done)
    return send_back(request, reverse("review:queue"))


def _suggested(found: Suggestion) -> PersonName:
    if found.person is None:
        raise DomainError(
            "Who this may be is not known any more. Say who it is instead.",
            code="review.nobody",
            http_status=409,
        )
    return found.person


def _as_shown(found: Suggestion, shown: str) -> PersonName:
    """Whom the page suggested, by id, must be whom Gatehouse still suggests."""
    person = _suggested(found)
    if shown not in {"", person.id}:
        raise DomainError(
            f"A visit went on meanwhile, and {person.name} is likelier now. Look again.",
            code="review.changed",
            http_status=409,
        )
    return person


def _named(request: HttpRequest) -> Person | None:
    return chosen_person(request) if request.POST.get("person") else None


def _ids(request: HttpRequest) -> list[UUID]:
    try:
        return [UUID(value) for value in request.POST.getlist("ids")][:500]
    except ValueError as error:
        raise DomainError("A tick leads nowhere. Reload the page.", code="review.ids") from error
