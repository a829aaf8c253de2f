"""Invitations for administrators: making links, the list of them, and answering what came in."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import segno
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.errors import DomainError, NotFound
from portal.core.http import is_partial, page, posted
from portal.enrolment import services
from portal.enrolment.invitation_forms import InviteForm
from portal.enrolment.invitations import (
    invitations,
    refusals,
    review_of,
    submissions,
    visible_invitation,
)
from portal.enrolment.mail import mail_is_set_up
from portal.enrolment.models import Enrolment
from portal.enrolment.services import NewLink
from portal.people.listing import places
from portal.people.models import Person
from portal.people.selectors import visible_person
from portal.people.services import create_person
from portal.people.views.ticked import ticked

__all__ = [
    "answer",
    "approve",
    "change_photo",
    "create",
    "create_many",
    "decline",
    "index",
    "new",
    "noted",
    "queue",
    "renew",
    "review",
    "revoke",
    "send_back",
]

PAGE = 50


@page("people.manage")
def index(request: HttpRequest) -> HttpResponse:
    shown = Paginator(invitations(), PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": shown, "mail_is_set_up": mail_is_set_up()}
    template = "invitation/_table.html" if is_partial(request) else "invitation/list.html"
    return render(request, template, context)


@page("people.manage")
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for an answer: photos that were sent in, and people who do not want this."""
    waiting = Paginator(submissions(), PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": waiting, "refusals": refusals()}
    template = "invitation/_queue.html" if is_partial(request) else "invitation/queue.html"
    return render(request, template, context)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Invite somebody who is not in the list yet."""
    form = InviteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        details = form.details()
        assert details is not None  # noqa: S101 - the form is for somebody new
        try:
            person = create_person(details)
        except DomainError as error:
            form.add_error("code" if error.code == "person.code_taken" else None, error.message)
        else:
            link = services.create_invitation(person, by_mail=form.is_mailed and bool(person.email))
            return _links(request, [link])
    status = 422 if form.errors else 200
    return render(request, "invitation/new.html", {"form": form}, status=status)


@page("people.manage")
@require_POST
def create(request: HttpRequest, person_id: UUID) -> HttpResponse:
    link = services.create_invitation(visible_person(person_id), by_mail=_by_mail(request))
    return _links(request, [link])


@page("people.manage")
@require_POST
def create_many(request: HttpRequest) -> HttpResponse:
    """Those ticked in the list of people, or all that its filter finds."""
    people = ticked(request.POST, places()).people
    invited = services.invite_many(list(people), by_mail=_by_mail(request))
    return _links(request, invited.links, skipped=invited.skipped)


@page("people.manage")
@require_POST
def renew(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    found = visible_invitation(invitation_id)
    return _links(request, [services.renew_invitation(found, by_mail=_by_mail(request))])


@page("people.manage")
@require_POST
def revoke(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    invitation = services.revoke_invitation(visible_invitation(invitation_id))
    messages.success(request, f"The link of {invitation.person.name} no longer works.")
    return redirect("invitation:list")


@page("people.manage")
def review(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    return _review(request, invitation_id)


@page("people.manage")
@require_POST
def approve(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    try:
        person = services.approve(visible_invitation(invitation_id))
    except NotFound:
        raise
    except DomainError as error:
        return _review(request, invitation_id, problem=error)
    messages.success(request, f"{person.name} is enrolled and is recognised from now on.")
    return redirect("invitation:queue")


@page("people.manage")
@require_POST
def send_back(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    found = visible_invitation(invitation_id)
    try:
        invitation = services.send_back(found, note=request.POST.get("note", ""))
    except DomainError as error:
        return _review(request, invitation_id, problem=error)
    told = "They are told by mail." if invitation.mail else "Tell them to open their link again."
    messages.success(
        request, f"The photos of {invitation.person.name} were sent back for 24 hours. {told}"
    )
    return redirect("invitation:queue")


@page("people.manage")
@require_POST
def decline(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    found = visible_invitation(invitation_id)
    services.decline(found, reason=request.POST.get("reason", ""))
    messages.success(request, f"Declined. What {found.person.name} sent in was deleted.")
    return redirect("invitation:queue")


@page("people.manage")
@require_POST
def noted(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    services.note_refusal(visible_invitation(invitation_id))
    return redirect("invitation:queue")


@page("people.manage")
@require_POST
def answer(request: HttpRequest, invitation_id: UUID, other_id: UUID, answer: str) -> HttpResponse:
    """Is the face that of ``other_id``, who is enrolled already?"""
    seen = review_of(visible_invitation(invitation_id))
    answers = {"same": services.same_person, "different": services.different_person}
    if answer not in answers:
        raise NotFound("There is no such answer.")
    answers[answer](seen.draft.enrolment, other_id)
    return redirect("invitation:review", invitation_id)


@page("people.manage")
@require_POST
def change_photo(
    request: HttpRequest, invitation_id: UUID, photo_id: UUID, change: str
) -> HttpResponse:
    """Leave a photo out, or use one that was set aside."""
    seen = review_of(visible_invitation(invitation_id))
    photo = next((one for one in seen.draft.photos if one.pk == photo_id), None)
    changes = {"drop": services.drop_photo, "vouch": services.vouch_for}
    if photo is None or change not in changes:
        raise NotFound("There is no such photo any more.")
    changes[change](photo)
    return redirect("invitation:review", invitation_id)


def _review(
    request: HttpRequest, invitation_id: UUID, *, problem: DomainError | None = None
) -> HttpResponse:
    found = visible_invitation(invitation_id)
    if found.enrolment is None or found.enrolment.state != Enrolment.State.SUBMITTED:
        messages.info(request, "This was answered already.")
        return redirect("invitation:queue")
    context = {
        "review": review_of(found),
        "invitation": found,
        "problem": problem.message if problem else "",
    }
    status = problem.http_status if problem else 200
    return render(request, "invitation/review.html", context, status=status)


def _links(
    request: HttpRequest,
    links: Sequence[NewLink],
    *,
    skipped: Sequence[tuple[Person, str]] = (),
) -> HttpResponse:
    """The answer to the form itself: the tokens are kept nowhere, so no later page could show
    them, and no address could draw their codes."""
    shown = []
    for link in links:
        if link.token:
            path = reverse("join:start", args=[link.token])
            url = request.build_absolute_uri(path)
            shown.append((link.invitation, url, _code_of(url)))
    context = {
        "links": shown,
        "mailed": [link.invitation for link in links if not link.token],
        "skipped": skipped,
        "is_local": urlsplit(request.build_absolute_uri()).hostname in {"127.0.0.1", "localhost"},
    }
    response = render(request, "invitation/links.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _code_of(url: str) -> str:
    return segno.make(url, error="m", micro=False).svg_data_uri(
        border=4, scale=4, dark="#000", light="#fff"
    )


def _by_mail(request: HttpRequest) -> bool:
    return bool(request.POST.get("by_mail"))
