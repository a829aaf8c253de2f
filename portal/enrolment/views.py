"""The enrolment page: photos in, verdicts live, one confirmation."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.errors import DomainError
from portal.core.http import allow_camera, is_partial, page, picture_response, posted
from portal.core.vault import vault
from portal.enrolment import services
from portal.enrolment.forms import EnrolmentForm
from portal.enrolment.models import Enrolment
from portal.enrolment.selectors import (
    draft_view,
    visible_draft,
    visible_draft_face,
    visible_draft_photo,
)
from portal.people.models import FaceImage
from portal.people.selectors import visible_person

__all__ = ["add_photo", "cancel", "choose", "draft", "drop", "face", "photo", "photos", "start"]


@page("people.manage")
@require_POST
def start(request: HttpRequest, person_id: UUID | None = None) -> HttpResponse:
    """A new draft, for somebody new or (with an id) for more photos of somebody known."""
    person = visible_person(person_id) if person_id else None
    return redirect("enrolment:draft", services.start_enrolment(person).pk)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    enrolment = visible_draft(enrolment_id)
    form = EnrolmentForm(posted(request), person=enrolment.person)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.confirm_enrolment(
                enrolment, form.details(), has_consent=form.cleaned_data["has_consent"]
            )
        except DomainError as error:
            form.add_error("code" if error.code == "person.code_taken" else None, error.message)
        else:
            messages.success(request, f"{person.name} is enrolled and is recognised from now on.")
            return redirect("people:detail", person.pk)
    context = {"draft": draft_view(enrolment), "form": form}
    status = 422 if form.errors else 200
    return allow_camera(render(request, "enrolment/draft.html", context, status=status))


@page("people.manage")
def photos(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """The photos with their verdicts, read again when one was examined."""
    context = {"draft": draft_view(visible_draft(enrolment_id))}
    return render(request, "enrolment/_photos.html", context)


@page("people.manage")
@require_POST
def add_photo(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    upload = request.FILES.get("image")
    if upload is None:
        raise DomainError("No file was sent. Choose a photo first.", code="image.missing")
    is_webcam = request.POST.get("source") == FaceImage.Source.WEBCAM
    services.add_photo(
        visible_draft(enrolment_id),
        upload.read(),
        file_name=upload.name or "",
        source=FaceImage.Source.WEBCAM if is_webcam else FaceImage.Source.UPLOAD,
    )
    return HttpResponse(status=202)


@page("people.manage")
@require_POST
def choose(request: HttpRequest, photo_id: UUID, position: int) -> HttpResponse:
    photo_row = services.choose_face(visible_draft_photo(photo_id), position)
    return _photos_of(request, photo_row.enrolment)


@page("people.manage")
@require_POST
def drop(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    photo_row = visible_draft_photo(photo_id)
    services.drop_photo(photo_row)
    return _photos_of(request, photo_row.enrolment)


@page("people.manage")
@require_POST
def cancel(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    enrolment = visible_draft(enrolment_id)
    person = enrolment.person
    services.cancel_enrolment(enrolment)
    messages.info(request, "The enrolment was cancelled; its photos were deleted.")
    return redirect("people:detail", person.pk) if person else redirect("people:list")


@page("people.manage")
def photo(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    return picture_response(vault().get(visible_draft_photo(photo_id).photo_key))


@page("people.manage")
def face(request: HttpRequest, face_id: int) -> HttpResponse:
    return picture_response(vault().get(visible_draft_face(face_id).portrait_key))


def _photos_of(request: HttpRequest, enrolment: Enrolment) -> HttpResponse:
    if is_partial(request):
        return render(request, "enrolment/_photos.html", {"draft": draft_view(enrolment)})
    return redirect(reverse("enrolment:draft", args=[enrolment.pk]))
