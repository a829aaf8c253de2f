"""The photos of a draft: added, picked from, vouched for, dropped, and shown."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from portal.audit.services import record_view
from portal.core.errors import DomainError
from portal.core.http import is_partial, page, picture_response
from portal.core.vault import vault
from portal.enrolment import services
from portal.enrolment.models import Enrolment
from portal.enrolment.selectors import (
    draft_view,
    visible_draft,
    visible_draft_face,
    visible_draft_photo,
)
from portal.people.models import FaceImage

__all__ = ["add", "choose", "drop", "face", "photo", "vouch"]

# The steps that show photos, with the part of the page that is read again after a change.
_PARTS = {"photos": "enrolment/_photos.html", "check": "enrolment/_check.html"}


@page("people.manage")
@require_POST
def add(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    draft = visible_draft(enrolment_id)
    upload = request.FILES.get("image")
    if upload is None:
        raise DomainError("No file was sent. Choose a photo first.", code="image.missing")
    is_webcam = request.POST.get("source") == FaceImage.Source.WEBCAM
    services.add_photo(
        draft,
        upload.read(),
        file_name=upload.name or "",
        source=FaceImage.Source.WEBCAM if is_webcam else FaceImage.Source.UPLOAD,
    )
    return HttpResponse(status=202)


@page("people.manage")
@require_POST
def choose(request: HttpRequest, photo_id: UUID, position: int) -> HttpResponse:
    row = services.choose_face(visible_draft_photo(photo_id), position)
    return _again(request, row.enrolment)


@page("people.manage")
@require_POST
def vouch(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    """A photo that was set aside is taken in on purpose."""
    row = services.vouch_for(visible_draft_photo(photo_id))
    return _again(request, row.enrolment)


@page("people.manage")
@require_POST
def drop(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    row = visible_draft_photo(photo_id)
    services.drop_photo(row)
    return _again(request, row.enrolment)


@page("people.manage")
def photo(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    row = visible_draft_photo(photo_id)
    record_view("enrolment.photo.viewed", target=row.enrolment)
    return picture_response(vault().get(row.photo_key))


@page("people.manage")
def face(request: HttpRequest, face_id: int) -> HttpResponse:
    row = visible_draft_face(face_id)
    record_view("enrolment.photo.viewed", target=row.photo.enrolment)
    return picture_response(vault().get(row.portrait_key))


def _again(request: HttpRequest, enrolment: Enrolment) -> HttpResponse:
    """The part of the step on which the button was, or the step itself without scripts."""
    step = request.GET.get("step", "")
    step = step if step in _PARTS else "photos"
    if is_partial(request):
        view = draft_view(visible_draft(enrolment.pk))
        return render(request, _PARTS[step], {"draft": view, "step": step})
    return redirect("enrolment:check" if step == "check" else "enrolment:draft", enrolment.pk)
