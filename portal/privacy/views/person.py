"""One person: consent, legal hold, export and erasure."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST

from portal.audit.services import record_view
from portal.core.context import current_actor
from portal.core.errors import DomainError, NotFound
from portal.core.http import page, posted
from portal.core.vault import vault
from portal.people import services as people
from portal.people.consents import consents_of, text_in_force
from portal.people.models import Person
from portal.people.selectors import visible_person
from portal.privacy.forms import ConsentForm, ErasureForm, evidence_type
from portal.privacy.selectors import certificate_of, visible_consent, what_is_kept
from portal.privacy.services import export_person

__all__ = ["erase", "evidence", "export", "hold", "person", "record", "release", "withdraw"]


@page("privacy.view")
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    return _show(request, visible_person(person_id))


@page("privacy.manage")
@require_POST
def record(request: HttpRequest, person_id: UUID) -> HttpResponse:
    who, text = visible_person(person_id), text_in_force()
    form = ConsentForm(text, request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, who, form=form, status=422)
    data = form.cleaned_data
    people.record_consent(
        who,
        basis=data["basis"],
        policy=text,
        method=data["method"],
        signer=data["signer"],
        address=current_actor().address,
        evidence=data["evidence"],
    )
    messages.success(request, f"The consent of {who.name} was recorded.")
    return redirect("privacy:person", who.pk)


@page("privacy.manage")
@require_POST
def withdraw(request: HttpRequest, person_id: UUID) -> HttpResponse:
    who = visible_person(person_id)
    outcome = people.withdraw_consent(who, reason=request.POST.get("reason", "")[:200])
    kept = f" {outcome.held} photos are kept under the legal hold." if outcome.held else ""
    messages.success(
        request,
        f"{who.name} is not recognised any more: {outcome.images} photos and {outcome.templates} "
        f"templates were removed.{kept} A PIN or QR code goes on working.",
    )
    return redirect("privacy:person", who.pk)


@page("privacy.manage")
@require_POST
def hold(request: HttpRequest, person_id: UUID) -> HttpResponse:
    who = visible_person(person_id)
    is_held = request.POST.get("hold") == "1"
    people.set_legal_hold(who, is_held, reason=request.POST.get("reason", ""))
    messages.success(
        request,
        f"{who.name} is under a legal hold: nothing is deleted."
        if is_held
        else f"The legal hold of {who.name} ended.",
    )
    return redirect("privacy:person", who.pk)


@page("privacy.manage")
@require_POST
def export(request: HttpRequest, person_id: UUID) -> HttpResponseBase:
    who = visible_person(person_id)
    archive = export_person(who, reason=request.POST.get("reason", ""))
    return FileResponse(
        archive,
        as_attachment=True,
        filename=f"{slugify(who.code) or 'person'}.zip",
        content_type="application/zip",
        headers={"Cache-Control": "no-store"},
    )


@page("privacy.manage")
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """What will happen, the reason, and then the certificate."""
    who = visible_person(person_id)
    form = ErasureForm(who.code, posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            people.erase_person(who, reason=form.cleaned_data["reason"])
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return redirect("privacy:certificate", certificate_of(who.pk).seq)
    context = {"person": who, "form": form, "kept": what_is_kept(who)}
    return render(request, "privacy/erase.html", context, status=422 if form.errors else 200)


@page("privacy.view")
def release(request: HttpRequest, consent_id: UUID) -> HttpResponse:
    """The signed release as it was given, for print."""
    return render(request, "privacy/release.html", {"consent": visible_consent(consent_id)})


@page("privacy.view")
def evidence(request: HttpRequest, consent_id: UUID) -> HttpResponse:
    """The scan of the signed sheet."""
    consent = visible_consent(consent_id)
    if not consent.evidence_key:
        raise NotFound("No scan is kept of this consent.")
    content = vault().get(consent.evidence_key)
    record_view("people.evidence.viewed", target=consent.person)
    kind = evidence_type(content) or "application/octet-stream"
    name = f"consent-{slugify(consent.person.code)}.{kind.rpartition('/')[2]}"
    return HttpResponse(
        content,
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )


def _show(
    request: HttpRequest,
    who: Person,
    *,
    form: ConsentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    history, text = list(consents_of(who)), text_in_force()
    context = {
        "person": who,
        "consent": next((one for one in history if one.withdrawn_at is None), None),
        "history": history,
        "text": text,
        "kept": what_is_kept(who),
        "form": form or ConsentForm(text),
    }
    return render(request, "privacy/person.html", context, status=status)
