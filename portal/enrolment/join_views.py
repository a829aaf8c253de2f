"""The public pages behind a link: the text and the consent, the photos, the review, the end."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language_from_request
from django.views.decorators.http import require_GET, require_POST

from portal.core.errors import DomainError
from portal.core.http import allow_camera, is_partial, picture_response, wants_json
from portal.core.kept_private import kept_private
from portal.core.throttle import is_spent, spend
from portal.core.vault import vault
from portal.enrolment import services
from portal.enrolment.invitation_forms import AgreementForm
from portal.enrolment.invitations import own_draft, own_face, own_photo, own_photos
from portal.enrolment.join_access import Visit, by_invitation
from portal.enrolment.own_verdicts import progress_of
from portal.enrolment.services.join import MOST_PHOTOS_HOURLY
from portal.people.consents import text_in_force
from portal.people.models import FaceImage, PolicyText

__all__ = [
    "add_photo",
    "agree",
    "choose",
    "drop",
    "face",
    "no_thanks",
    "photo",
    "photo_list",
    "photos",
    "refuse",
    "review",
    "start",
    "submit",
    "thanks",
]


@by_invitation
@require_GET
def start(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Step 1: the text; whoever has agreed goes on where they were."""
    services.note_opened(visit.invitation)
    if visit.invitation.consented_at is not None and "again" not in request.GET:
        return redirect("join:photos", visit.token)
    return _agreement(request, visit, AgreementForm())


@by_invitation
@require_POST
def agree(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = AgreementForm(request.POST)
    if not form.is_valid():
        return _agreement(request, visit, form)
    shown = form.cleaned_data["policy"]
    policy = PolicyText.objects.filter(pk=shown).first() if shown else None
    try:
        if policy is None and _text(request) is not None:
            raise DomainError(
                "The text was published while you were reading. Please read it.",
                code="policy.outdated",
                http_status=409,
            )
        services.agree(
            visit.invitation,
            policy=policy,
            signer=form.cleaned_data["signer"],
            is_guardian=form.cleaned_data["is_guardian"],
        )
    except DomainError as error:
        form.add_error(None, error.message)
        return _agreement(request, visit, form)
    return redirect("join:photos", visit.token)


@by_invitation
@require_POST
def refuse(request: HttpRequest, visit: Visit) -> HttpResponse:
    services.refuse(visit.invitation)
    return redirect("join:no_thanks")


@by_invitation
@require_GET
def photos(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Step 2."""
    if visit.invitation.consented_at is None:
        return redirect("join:start", visit.token)
    return allow_camera(render(request, "join/photos.html", _shown(visit)))


@by_invitation
@require_GET
def photo_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The photos with their verdicts, read again every second."""
    return render(request, "join/_photos.html", _shown(visit))


@by_invitation
@require_POST
def add_photo(request: HttpRequest, visit: Visit) -> HttpResponse:
    draft = own_draft(visit.invitation)
    upload = request.FILES.get("image")
    if upload is None:
        raise DomainError("No file was sent. Choose a photo first.", code="image.missing")
    who = str(visit.invitation.pk)
    if is_spent("join-photos", who, limit=MOST_PHOTOS_HOURLY):
        raise DomainError(
            f"{MOST_PHOTOS_HOURLY} photos were sent within an hour. Take a rest, and then one in "
            "good light.",
            code="image.slow_down",
            http_status=429,
        )
    spend("join-photos", who, within_s=3600)
    services.add_photo(
        draft, upload.read(), file_name=upload.name or "", source=FaceImage.Source.LINK
    )
    if wants_json(request):
        return HttpResponse(status=202)
    return redirect("join:photos", visit.token)


@by_invitation
@require_POST
def choose(request: HttpRequest, visit: Visit, photo_id: UUID, position: int) -> HttpResponse:
    services.choose_face(own_photo(visit.invitation, photo_id), position)
    return _photos_again(request, visit)


@by_invitation
@require_POST
def drop(request: HttpRequest, visit: Visit, photo_id: UUID) -> HttpResponse:
    services.drop_photo(own_photo(visit.invitation, photo_id))
    return _photos_again(request, visit)


@by_invitation
@require_GET
def photo(request: HttpRequest, visit: Visit, photo_id: UUID) -> HttpResponse:
    return picture_response(vault().get(own_photo(visit.invitation, photo_id).photo_key))


@by_invitation
@require_GET
def face(request: HttpRequest, visit: Visit, face_id: int) -> HttpResponse:
    return picture_response(vault().get(own_face(visit.invitation, face_id).portrait_key))


@by_invitation
@require_GET
def review(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Step 3; there is nothing to review before one photo is good."""
    if visit.invitation.consented_at is None:
        return redirect("join:start", visit.token)
    shown = _shown(visit)
    if not shown["progress"].may_submit:  # type: ignore[attr-defined]
        return redirect("join:photos", visit.token)
    return render(request, "join/review.html", shown)


@by_invitation
@require_POST
def submit(request: HttpRequest, visit: Visit) -> HttpResponse:
    try:
        services.submit(visit.invitation)
    except DomainError as error:
        context = {**_shown(visit), "problem": error.message}
        return render(request, "join/review.html", context, status=error.http_status)
    return redirect("join:thanks")


@kept_private
@require_GET
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "join/thanks.html")


@kept_private
@require_GET
def no_thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "join/no_thanks.html")


def _agreement(request: HttpRequest, visit: Visit, form: AgreementForm) -> HttpResponse:
    context = {
        "invitation": visit.invitation,
        "token": visit.token,
        "text": _text(request),
        "form": form,
    }
    return render(request, "join/start.html", context, status=422 if form.errors else 200)


def _text(request: HttpRequest) -> PolicyText | None:
    """The text in force in the visitor's language, else in English."""
    wanted = request.GET.get("lang") or get_language_from_request(request)
    return text_in_force(wanted.split("-")[0]) or text_in_force()


def _shown(visit: Visit) -> dict[str, object]:
    return {
        "invitation": visit.invitation,
        "token": visit.token,
        "progress": progress_of(own_photos(visit.invitation)),
    }


def _photos_again(request: HttpRequest, visit: Visit) -> HttpResponse:
    if is_partial(request):
        return render(request, "join/_photos.html", _shown(visit))
    return redirect("join:photos", visit.token)
