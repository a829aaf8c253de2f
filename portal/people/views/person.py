"""One person: the page and the edit form."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core.context import current_actor
from portal.core.http import page, posted
from portal.journal.act_view import act_views
from portal.journal.selectors import visible_acts
from portal.people import dossier, services
from portal.people.forms import EditForm
from portal.people.listing import expires_soon, places
from portal.people.models import Person
from portal.people.selectors import active_consent, visible_person

__all__ = ["detail", "edit"]

MOST_ACTS = 8


@page("people.view")
def detail(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person = visible_person(person_id)
    photos = dossier.photo_views(person)
    used = [photo for photo in photos if photo.is_used]
    acts = visible_acts().filter(dossier.acts_condition(person))[:MOST_ACTS]
    consent, lookalikes = active_consent(person), dossier.lookalikes_of(person)
    context = {
        "person": person,
        # A query string is put together in the template, where an identifier is no text.
        "person_key": str(person.pk),
        "photos": photos,
        "used": used,
        "set_aside": [photo for photo in photos if not photo.is_used],
        "portrait": max((p.image for p in used), key=lambda i: i.quality_score, default=None),
        "advice": dossier.angles_advice(photos),
        "consent": consent,
        "consent_expires_soon": consent is not None and expires_soon(consent),
        "ways_in": [_way(person, way) for way in dossier.ways_in(person)],
        "acts": act_views(list(acts)),
        "lookalikes": lookalikes,
        "has_open_lookalike": any(one.is_open for one in lookalikes),
        "shows_audit": dossier.may_see_who_looked(),
        "today": timezone.localdate(),
    }
    if context["shows_audit"]:
        context["audit_lines"] = dossier.audit_lines(person)
    return render(request, "people/detail.html", context)


@page("people.manage")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, person_id: UUID) -> HttpResponse:
    person, where = visible_person(person_id), places()
    form = EditForm(
        posted(request),
        person=person,
        places=where,
        with_hold=current_actor().may("privacy.manage"),
    )
    if request.method == "POST" and form.is_valid():
        services.edit_person(
            person,
            form.details(),
            legal_hold=form.cleaned_data.get("legal_hold"),
            hold_reason=form.cleaned_data.get("hold_reason", ""),
        )
        messages.success(request, f"{form.cleaned_data['name']} was saved.")
        return redirect("people:detail", person.pk)
    status = 422 if form.errors else 200
    context = {"person": person, "form": form, "paths": where.paths}
    return render(request, "people/edit.html", context, status=status)


def _way(person: Person, way: dossier.WayIn) -> dict[str, object]:
    """A way in with the words and addresses of its dialogs."""
    issue = "people:issue_pin" if way.kind == "pin" else "people:issue_qr"
    verb = "Replace" if way.credential else "Give"
    return {
        "kind": way.kind,
        "label": way.label,
        "hint": way.hint,
        "credential": way.credential,
        "is_over": way.is_over,
        "give_title": f"{verb} {'the' if way.credential else 'a'} {way.label}",
        "give_label": verb,
        "give_url": reverse(issue, args=[person.pk]),
        "revoke_title": f"Take the {way.label} of {person.name} back?",
        "revoke_url": reverse("people:revoke_credential", args=[person.pk, way.kind]),
    }
