"""The public policy page: for anybody, without signing in, and on paper."""

from __future__ import annotations

from io import BytesIO

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.config.env import ENV
from portal.privacy.selectors import notice

__all__ = ["policy", "policy_qr"]


@require_GET
def policy(request: HttpRequest) -> HttpResponse:
    context = {"notice": notice(), "address": _address()}
    return render(request, "privacy/policy.html", context)


@require_GET
def policy_qr(request: HttpRequest) -> HttpResponse:
    """The page's address as a QR code, for a sign beside a camera."""
    drawn = BytesIO()
    segno.make(_address(), error="m").save(drawn, kind="svg", scale=6, border=3, light="#fff")
    return HttpResponse(
        drawn.getvalue(),
        content_type="image/svg+xml",
        headers={"Cache-Control": "public, max-age=3600"},
    )


def _address() -> str:
    return f"{ENV.public_url}{reverse('privacy:policy')}"
