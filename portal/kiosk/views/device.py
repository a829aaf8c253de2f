"""What a tablet shows and calls. Nothing here asks who is signed in in its browser."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.config.env import ENV
from portal.core.errors import DomainError
from portal.core.http import allow_camera
from portal.core.kept_private import kept_private
from portal.core.throttle import is_spent, spend
from portal.kiosk import services
from portal.kiosk.access import by_kiosk, give_cookie, kiosk_in, renew_cookie
from portal.kiosk.envelope import MAX_EVENT_BYTES, MAX_SEALED_BYTES
from portal.kiosk.models import Kiosk
from portal.kiosk.selectors import event_of
from portal.kiosk.services import Delivery
from portal.kiosk.words import said

__all__ = ["event", "events", "hello", "pair", "tablet", "withdraw", "worker"]

MOST_WRONG_LINKS = 30
MOST_EVENTS = 300
_WITHIN_S = 600
_MINUTE_S = 60


@kept_private
@require_GET
def tablet(request: HttpRequest) -> HttpResponse:
    """The page itself; a tablet that was never paired finds on it how that is done."""
    kiosk = kiosk_in(request)
    context = {
        "kiosk": kiosk,
        "settings": _settings(kiosk) if kiosk else {},
        # Written out and no link: whoever taps it would leave the tablet's only page.
        "policy": f"{ENV.public_url}{reverse('privacy:policy')}".partition("://")[2],
    }
    response = render(request, "kiosk/tablet.html", context)
    if kiosk is not None:
        renew_cookie(request, response)
    return allow_camera(response)


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, which keeps the page for when the server is away. Its address says what
    it may reach: the tablet's pages alone."""
    response = render(request, "kiosk/worker.js", content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@kept_private
@require_POST
def pair(request: HttpRequest) -> HttpResponse:
    address = request.META.get("REMOTE_ADDR", "")
    if is_spent("kiosk-link", address, limit=MOST_WRONG_LINKS):
        return _error("kiosk.slow_down", "Too many links were tried from here. Wait a while.", 429)
    try:
        pairing = services.pair(request.POST.get("key", ""))
    except DomainError as error:
        spend("kiosk-link", address, within_s=_WITHIN_S)
        return JsonResponse(error.as_dict(), status=error.http_status)
    response = JsonResponse(
        {
            "kiosk": str(pairing.kiosk.pk),
            "signing": pairing.keys.signing.hex(),
            "public": pairing.keys.public.hex(),
            "next_sequence": pairing.next_sequence,
        }
    )
    give_cookie(response, pairing)
    return response


@by_kiosk
@require_GET
def hello(request: HttpRequest, kiosk: Kiosk) -> HttpResponse:
    """A sign of life; the answer says what time it is, and whatever was changed about the kiosk."""
    waiting = request.GET.get("waiting", "")
    services.note_heard(
        kiosk,
        sent_at=_moment(request.GET.get("sent_at", "")),
        waiting=int(waiting) if waiting.isdecimal() and len(waiting) < 7 else 1,
    )
    now = timezone.now()
    return JsonResponse(
        {
            "now": now.isoformat(timespec="milliseconds"),
            # A form's token in a page that was kept may be of a cookie that is gone.
            "csrf": get_token(request),
            **_settings(kiosk),
        }
    )


@by_kiosk
@require_POST
def events(request: HttpRequest, kiosk: Kiosk) -> HttpResponse:
    if is_spent("kiosk-events", str(kiosk.pk), limit=MOST_EVENTS):
        return _error("kiosk.pause", "Too much at once. One moment, please.", 429)
    spend("kiosk-events", str(kiosk.pk), within_s=_MINUTE_S)
    upload = request.FILES.get("sealed")
    text = request.POST.get("event", "").encode()
    if upload is None or len(text) > MAX_EVENT_BYTES or (upload.size or 0) > MAX_SEALED_BYTES:
        return _error("kiosk.event", "This is no event of a kiosk, or too large a one.", 422)
    delivery = Delivery(text, upload.read(), request.POST.get("signature", ""))
    row = services.deliver(kiosk, delivery)
    return JsonResponse(said(event_of(kiosk, row.sequence)))


@by_kiosk
@require_GET
def event(request: HttpRequest, kiosk: Kiosk, sequence: int) -> HttpResponse:
    """What became of one of its own."""
    services.settle(event_of(kiosk, sequence))
    return JsonResponse(said(event_of(kiosk, sequence)))


@by_kiosk
@require_POST
def withdraw(request: HttpRequest, kiosk: Kiosk, sequence: int) -> HttpResponse:
    services.withdraw(event_of(kiosk, sequence))
    return JsonResponse(said(event_of(kiosk, sequence)))


def _settings(kiosk: Kiosk) -> dict[str, object]:
    return {
        "name": kiosk.camera.name,
        "site": settings.SITE_NAME,
        "zone": kiosk.camera.site.time_zone,
        "takes": kiosk.takes,
        "asks_direction": kiosk.asks_direction,
    }


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _error(code: str, message: str, status: int) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)
