"""The four steps: photos, check, look-alikes, confirm. Each has an address of its own, so that it
can be bookmarked and Back works; what was done so far is in the database, not in the page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.core.errors import DomainError
from portal.core.http import allow_camera, is_partial, page, posted
from portal.engines.selectors import duplicate_policy
from portal.enrolment import services
from portal.enrolment.forms import EnrolmentForm
from portal.enrolment.selectors import DraftView, draft_view, lookalikes_of, visible_draft
from portal.people.consents import text_in_force
from portal.people.models import Consent
from portal.people.selectors import active_consent, gallery_people_count, visible_person

__all__ = [
    "cancel",
    "check",
    "confirm",
    "different",
    "draft",
    "lookalikes",
    "photos",
    "same",
    "start",
]


@page("people.manage")
@require_POST
def start(request: HttpRequest, person_id: UUID | None = None) -> HttpResponse:
    """A new draft, for somebody new or (with an id) for more photos of somebody known."""
    person = visible_person(person_id) if person_id else None
    return redirect("enrolment:draft", services.start_enrolment(person).pk)


@page("people.manage")
@require_GET
def draft(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """Step 1: photos in, by file, clipboard, phone or webcam."""
    context = _step(draft_view(visible_draft(enrolment_id)), "photos")
    return allow_camera(render(request, "enrolment/photos.html", context))


@page("people.manage")
@require_GET
def photos(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """The photos of step 1 with their verdicts, read again when one was examined."""
    context = _step(draft_view(visible_draft(enrolment_id)), "photos")
    return render(request, "enrolment/_photos.html", context)


@page("people.manage")
@require_GET
def check(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """Step 2: what will be used and what not, and what may be done about it."""
    context = _step(draft_view(visible_draft(enrolment_id)), "check")
    template = "enrolment/_check.html" if is_partial(request) else "enrolment/check.html"
    return render(request, template, context)


@page("people.manage")
@require_GET
def lookalikes(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """Step 3: whose face this is already, side by side, and three ways on."""
    view = draft_view(visible_draft(enrolment_id))
    size = gallery_people_count()
    found = lookalikes_of(view)
    context = _step(view, "lookalikes") | {
        "lookalikes": found,
        "gallery_size": size,
        "threshold": duplicate_policy(size).threshold,
    }
    return render(request, "enrolment/lookalikes.html", context)


@page("people.manage")
@require_POST
def same(request: HttpRequest, enrolment_id: UUID, person_id: UUID) -> HttpResponse:
    draft_row = services.same_person(visible_draft(enrolment_id), person_id)
    person = visible_person(person_id)
    messages.success(request, f"The photos are {person.name}'s now. Nothing was lost.")
    return redirect("enrolment:check", draft_row.pk)


@page("people.manage")
@require_POST
def different(request: HttpRequest, enrolment_id: UUID, person_id: UUID) -> HttpResponse:
    draft_row = services.different_person(visible_draft(enrolment_id), person_id)
    messages.success(request, "Noted: two people who look alike. It is kept with both.")
    return _after_answer(draft_view(draft_row))


@page("people.manage")
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """Step 4: who it is, and on what basis the face may be kept."""
    enrolment = visible_draft(enrolment_id)
    view = draft_view(enrolment)
    if view.stopped:
        messages.warning(request, "First say whether this is somebody who is enrolled already.")
        return redirect("enrolment:lookalikes", enrolment.pk)
    consent = active_consent(enrolment.person) if enrolment.person else None
    policy = text_in_force()
    form = EnrolmentForm(posted(request), person=enrolment.person, is_covered=consent is not None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.confirm_enrolment(
                enrolment,
                form.details(),
                has_consent=form.consents,
                policy=policy if form.consents else None,
                method=Consent.Method.RECORDED,
                signer=form.cleaned_data.get("signer", ""),
            )
        except DomainError as error:
            form.add_error("code" if error.code == "person.code_taken" else None, error.message)
        else:
            messages.success(request, f"{person.name} is enrolled and is recognised from now on.")
            return redirect("enrolment:walk_past", person.pk)
    context = _step(view, "confirm") | {"form": form, "consent": consent, "policy": policy}
    return render(request, "enrolment/confirm.html", context, status=422 if form.errors else 200)


@page("people.manage")
@require_POST
def cancel(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    enrolment = visible_draft(enrolment_id)
    person = enrolment.person
    services.cancel_enrolment(enrolment)
    messages.info(request, "The enrolment was cancelled; its photos were deleted.")
    return redirect("people:detail", person.pk) if person else redirect("people:list")


def _after_answer(view: DraftView) -> HttpResponse:
    step = "enrolment:lookalikes" if view.stopped else "enrolment:confirm"
    return redirect(step, view.enrolment.pk)


def _step(view: DraftView, step: str) -> dict[str, object]:
    return {"draft": view, "step": step}
