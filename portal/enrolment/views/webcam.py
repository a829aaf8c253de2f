"""A webcam's frames: coaching somebody who is being enrolled, and the walk-past test."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from portal.core.context import current_actor
from portal.core.errors import DomainError
from portal.core.http import allow_camera, page
from portal.engines.selectors import policy_in_force
from portal.enrolment import services
from portal.enrolment.coach import answer
from portal.enrolment.models import Frame
from portal.enrolment.selectors import visible_draft, visible_frame
from portal.enrolment.walk_past import outcome_of
from portal.people.models import Person
from portal.people.selectors import (
    gallery_people_count,
    names_of,
    portraits_of,
    visible_person,
)

__all__ = ["frame", "frame_result", "walk_past", "walk_past_frame", "walk_past_result"]

_NOT_YET = 204


@page("people.manage")
@require_POST
def frame(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """One small frame as the request's body; its result is asked for by the id that comes back."""
    row = services.frame_of_draft(visible_draft(enrolment_id), request.body)
    return JsonResponse({"id": str(row.pk)}, status=202)


@page("people.manage")
@require_POST
def frame_result(request: HttpRequest, frame_id: UUID) -> HttpResponse:
    """What to say to the person; 204 while the worker looks. Taking it deletes it."""
    result = services.take_result(visible_frame(frame_id, purpose=Frame.Purpose.COACH))
    if result is None:
        return HttpResponse(status=_NOT_YET)
    return JsonResponse(answer(result, wanted=request.GET.get("angle", "front")))


@page("people.manage")
@require_GET
def walk_past(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Is the person recognised now? With the rule that cameras follow; nothing is kept."""
    person = visible_person(person_id)
    size = gallery_people_count()
    context = {
        "person": person,
        "portrait_id": portraits_of([person.pk]).get(person.pk),
        "threshold": policy_in_force(size).threshold,
        "gallery_size": size,
    }
    return allow_camera(render(request, "enrolment/walk_past.html", context))


@page("people.manage")
@require_POST
def walk_past_frame(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """A frame as the request's body, or a photo as the form's ``image``."""
    person = visible_person(person_id)
    if request.content_type == "multipart/form-data":
        photo = request.FILES.get("image")
        if photo is None:
            raise DomainError("No file was sent. Choose a photo first.", code="image.missing")
        data = services.reduced(photo.read())
    else:
        data = request.body
    row = services.frame_of_person(person, data)
    return JsonResponse({"id": str(row.pk)}, status=202)


@page("people.manage")
@require_POST
def walk_past_result(request: HttpRequest, frame_id: UUID) -> HttpResponse:
    """Who was recognised in the frame, in words; 204 while the worker looks."""
    row = visible_frame(frame_id, purpose=Frame.Purpose.WALK_PAST)
    result = services.take_result(row)
    if result is None:
        return HttpResponse(status=_NOT_YET)
    assert isinstance(row.person, Person)  # noqa: S101 - by the database's own rule
    others = {face["person_id"] for face in result.get("faces", []) if face["person_id"]}
    # To search for anybody by a photo is another right than to test who was enrolled.
    names = names_of(others) if current_actor().may("sightings.recognise") else {}
    outcome = outcome_of(result, person_id=str(row.person.pk), name=row.person.name, names=names)
    return render(request, "enrolment/_walk_past.html", {"outcome": outcome})
