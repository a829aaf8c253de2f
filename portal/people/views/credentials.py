"""PINs and QR codes of one person. A secret is in one answer only, and never in a session."""

from __future__ import annotations

from uuid import UUID

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from portal.core.errors import DomainError
from portal.core.http import page
from portal.people import services
from portal.people.forms import CredentialForm
from portal.people.models import Credential, Person
from portal.people.selectors import visible_person

__all__ = ["issue_pin", "issue_qr", "revoke"]


@page("people.manage")
@require_POST
def issue_pin(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = visible_person(person_id)
    form = _checked(CredentialForm(request.POST))
    pin = services.issue_pin(person, pin=form.cleaned_data["pin"], valid_to=form.last_day())
    return _once(request, person, form, pin=pin)


@page("people.manage")
@require_POST
def issue_qr(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = visible_person(person_id)
    form = _checked(CredentialForm(request.POST))
    token = services.issue_qr(person, valid_to=form.last_day())
    drawn = segno.make(token, error="m", micro=False).svg_inline(
        border=2, omitsize=True, svgclass=None, lineclass=None, dark="#000", light="#fff"
    )
    # Drawn here from a token made here: nothing of it was typed by anybody.
    return _once(request, person, form, qr=SafeString(drawn))


@page("people.manage")
@require_POST
def revoke(request: HttpRequest, person_id: UUID, kind: str) -> HttpResponse:
    person = visible_person(person_id)
    words = dict(Credential.Kind.choices).get(kind, "")
    if services.revoke_credential(person, kind):
        messages.success(request, f"The {words} of {person.name} no longer works.")
    return redirect("people:detail", person.pk)


def _checked(form: CredentialForm) -> CredentialForm:
    if not form.is_valid():
        problems = " ".join(str(e) for errors in form.errors.values() for e in errors)
        raise DomainError(problems, code="credential.form")
    return form


def _once(
    request: HttpRequest, person: Person, form: CredentialForm, *, pin: str = "", qr: str = ""
) -> HttpResponse:
    context = {"person": person, "pin": pin, "qr": qr, "valid_to": form.last_day()}
    response = render(request, "people/card.html", context)
    response["Cache-Control"] = "no-store"
    return response
