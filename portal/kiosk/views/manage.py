"""Kiosks as their administrators see them. A link's key is in one answer only."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import segno
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.config.env import ENV
from portal.core.errors import DomainError
from portal.core.http import is_partial, page, posted
from portal.kiosk import services
from portal.kiosk.forms import KioskForm
from portal.kiosk.models import Kiosk, KioskEvent
from portal.kiosk.selectors import event_rows, events_of, visible_kiosk, visible_kiosks

__all__ = ["create", "detail", "kiosks", "renew", "revoke", "update"]

_PAGE: Final = 50
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@page("kiosks.manage")
@require_GET
def kiosks(request: HttpRequest) -> HttpResponse:
    context = {
        "tab": "kiosks",
        "kiosks": list(visible_kiosks()),
        "is_insecure": _is_insecure(),
    }
    template = "kiosk/_list.html" if is_partial(request) else "kiosk/list.html"
    return render(request, template, context)


@page("kiosks.manage")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    form = KioskForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            kiosk, key = services.create_kiosk(form.details(), site_id=form.site_id())
        except DomainError as error:
            form.add_error("name" if error.code.startswith("camera.name") else None, error.message)
        else:
            return _link(request, kiosk, key)
    return render(request, "kiosk/create.html", {"form": form}, status=422 if form.errors else 200)


@page("kiosks.manage")
@require_GET
def detail(request: HttpRequest, kiosk_id: UUID) -> HttpResponse:
    return _detail(request, visible_kiosk(kiosk_id), None)


@page("kiosks.manage")
@require_POST
def update(request: HttpRequest, kiosk_id: UUID) -> HttpResponse:
    kiosk = visible_kiosk(kiosk_id)
    form = KioskForm(request.POST, kiosk=kiosk)
    if form.is_valid():
        try:
            services.update_kiosk(kiosk, form.details())
        except DomainError as error:
            form.add_error("name" if error.code.startswith("camera.name") else None, error.message)
        else:
            messages.success(request, "Saved. The tablet follows within half a minute.")
            return redirect("kiosk:detail", kiosk.pk)
    return _detail(request, kiosk, form)


@page("kiosks.manage")
@require_POST
def renew(request: HttpRequest, kiosk_id: UUID) -> HttpResponse:
    kiosk = visible_kiosk(kiosk_id)
    return _link(request, kiosk, services.renew_link(kiosk))


@page("kiosks.manage")
@require_POST
def revoke(request: HttpRequest, kiosk_id: UUID) -> HttpResponse:
    kiosk = services.revoke_kiosk(visible_kiosk(kiosk_id))
    messages.success(request, f"{kiosk.camera.name} is switched off.")
    return redirect("kiosk:detail", kiosk_id)


def _detail(request: HttpRequest, kiosk: Kiosk, form: KioskForm | None) -> HttpResponse:
    outcome = request.GET.get("outcome", "")
    events = Paginator(events_of(kiosk, outcome=outcome), _PAGE).get_page(request.GET.get("page"))
    context = {
        "kiosk": kiosk,
        "form": form or KioskForm(kiosk=kiosk),
        "page_obj": events,
        "rows": event_rows(list(events)),
        "outcome": outcome,
        "outcomes": [("", "All"), *KioskEvent.Outcome.choices],
        "is_insecure": _is_insecure(),
    }
    template = "kiosk/_events.html" if is_partial(request) else "kiosk/detail.html"
    status = 422 if form is not None and form.errors else 200
    return render(request, template, context, status=status)


def _link(request: HttpRequest, kiosk: Kiosk, key: str) -> HttpResponse:
    """The key stands behind “#”: browsers send that part to nobody, and servers log none of it."""
    address = f"{ENV.public_url}{reverse('kiosk_device:tablet')}#{key}"
    drawn = segno.make(address, error="m", micro=False).svg_inline(
        border=2, omitsize=True, svgclass=None, lineclass=None, dark="#000", light="#fff"
    )
    context = {
        "kiosk": kiosk,
        "address": address,
        # Drawn here from a key made here: nothing of it was typed by anybody.
        "qr": SafeString(drawn),
        "is_insecure": _is_insecure(),
    }
    response = render(request, "kiosk/link.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _is_insecure() -> bool:
    """Browsers give neither a camera nor their cryptography to plain HTTP, but on the machine itself."""
    address = urlsplit(ENV.public_url)
    return address.scheme != "https" and address.hostname not in _LOCAL
