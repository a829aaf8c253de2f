"""What is done to one person or one photo and can be undone: each answers with that offer."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from portal.core.errors import DomainError
from portal.core.http import is_partial, page
from portal.journal.models import Act
from portal.journal.notices import tell, with_undo
from portal.journal.selectors import latest_act
from portal.people import services
from portal.people.forms import LeftForm
from portal.people.models import FaceImage
from portal.people.selectors import visible_person, visible_photo

__all__ = [
    "left",
    "reinstate",
    "remove",
    "remove_photo",
    "set_aside",
    "suspend",
    "take_in",
]

# As much of a typed reason as is kept.
REASON = 200


@page("people.manage")
@require_POST
def suspend(request: HttpRequest, person_id: UUID) -> HttpResponse:
    before = latest_act(person_id)
    person = services.suspend_person(visible_person(person_id), reason=_reason(request))
    message = f"{person.name} is no longer recognised. The photos are kept."
    tell(request, message, _newer(person_id, before))
    return redirect("people:detail", person.pk)


@page("people.manage")
@require_POST
def reinstate(request: HttpRequest, person_id: UUID) -> HttpResponse:
    before = latest_act(person_id)
    person = services.reinstate_person(visible_person(person_id))
    tell(request, f"{person.name} is recognised again.", _newer(person_id, before))
    return redirect("people:detail", person.pk)


@page("people.manage")
@require_POST
def left(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = visible_person(person_id)
    form = LeftForm(request.POST)
    if not form.is_valid():
        raise DomainError(
            "The last day is missing or is no date. Choose the day from the calendar.",
            code="person.left_when",
        )
    act = services.mark_left(person, form.cleaned_data["on"], reason=_reason(request))
    tell(request, f"{act.title if act else person.name + ' has left already'}.", act)
    return redirect("people:detail", person.pk)


@page("people.manage")
@require_POST
def remove(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = visible_person(person_id)
    act = services.remove_person(person, reason=_reason(request))
    tell(
        request,
        f"{person.name} was removed, and is erased for good in {Act.LIFE.days} days.",
        act,
    )
    return redirect("people:list")


@page("people.manage")
@require_POST
def remove_photo(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = visible_photo(image_id)
    return _done(request, image, services.remove_photo(image), "The photo was deleted.")


@page("people.manage")
@require_POST
def set_aside(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = visible_photo(image_id)
    act = services.set_aside(image, reason=_reason(request))
    return _done(request, image, act, "The photo is set aside: kept, but not used.")


@page("people.manage")
@require_POST
def take_in(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = visible_photo(image_id)
    return _done(request, image, services.take_in(image), "The photo is in use again.")


def _done(request: HttpRequest, image: FaceImage, act: Act, message: str) -> HttpResponse:
    """A page that showed the photo among others takes it away itself."""
    if is_partial(request):
        return with_undo(HttpResponse(""), message, act)
    tell(request, message, act)
    return redirect("people:detail", image.person_id)


def _newer(person_id: UUID, before: Act | None) -> Act | None:
    """What was just done; None where nothing had to be done."""
    newest = latest_act(person_id)
    return newest if newest != before else None


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")[:REASON]
