"""Consent texts, the people to ask again, and certificates of erasure."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.core.errors import DomainError
from portal.core.http import page, posted
from portal.people import consents
from portal.people.services import publish_text
from portal.privacy.forms import TextForm
from portal.privacy.selectors import certificate as read_certificate
from portal.privacy.selectors import certificates, default_text, visible_text

__all__ = ["ask_again", "certificate", "erasures", "publish", "text", "text_file", "texts"]

PAGE = 50


@page("privacy.view")
def texts(request: HttpRequest) -> HttpResponse:
    context = {
        "texts": list(consents.texts()),
        "in_force": consents.text_in_force(),
        "ask_again": consents.people_to_ask_again().count(),
    }
    return render(request, "privacy/texts.html", context)


@page("privacy.manage")
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest) -> HttpResponse:
    newest = consents.text_in_force()
    initial = (
        {"title": newest.title, "body": newest.body, "term_days": newest.term_days}
        if newest
        else {"body": default_text()}
    )
    form = TextForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            text = publish_text(**form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"Version {text.version} is in force from now on.")
            return redirect("privacy:text", text.pk)
    context = {"form": form, "newest": newest}
    return render(request, "privacy/publish.html", context, status=422 if form.errors else 200)


@page("privacy.view")
def text(request: HttpRequest, text_id: UUID) -> HttpResponse:
    found = visible_text(text_id)
    in_force = consents.text_in_force(found.language)
    context = {"text": found, "is_in_force": in_force == found}
    return render(request, "privacy/text.html", context)


@page("privacy.view")
def text_file(request: HttpRequest, text_id: UUID) -> HttpResponse:
    """Exactly the bytes that the checksum is of."""
    found = visible_text(text_id)
    name = f"consent-{found.language}-{found.version}.txt"
    return HttpResponse(
        found.body.encode(),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@page("privacy.view")
def ask_again(request: HttpRequest) -> HttpResponse:
    people = Paginator(consents.people_to_ask_again(), PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": people, "in_force": consents.text_in_force()}
    return render(request, "privacy/ask_again.html", context)


@page("privacy.view")
def erasures(request: HttpRequest) -> HttpResponse:
    found = Paginator(certificates(), PAGE).get_page(request.GET.get("page"))
    return render(request, "privacy/erasures.html", {"page_obj": found})


@page("privacy.view")
def certificate(request: HttpRequest, seq: int) -> HttpResponse:
    return render(request, "privacy/certificate.html", {"certificate": read_certificate(seq)})
