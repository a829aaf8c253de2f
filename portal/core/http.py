"""Small HTTP helpers: error rendering, permission-guarded views, private pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render

from portal.core.context import require
from portal.core.errors import DomainError

__all__ = [
    "allow_camera",
    "is_partial",
    "page",
    "picture_response",
    "posted",
    "render_error",
    "wants_json",
    "with_toast",
]

P = ParamSpec("P")
_METHODS = ["GET", "HEAD", "POST"]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def page(permission: str) -> Callable[[View[P]], View[P]]:
    """A view for signed-in users with ``permission``; others are sent to sign in, or get 403.

    It answers GET and POST; a view that takes one of them only says so itself.
    """

    def decorate(view: View[P]) -> View[P]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(permission)
            if request.method not in _METHODS:
                return HttpResponseNotAllowed(_METHODS)
            return view(request, *args, **kwargs)

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def is_partial(request: HttpRequest) -> bool:
    """True where htmx asks for a part of the page."""
    return bool(getattr(request, "htmx", False))


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or "application/json" in request.headers.get(
        "Accept", ""
    )


def render_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The one place where a domain error becomes a response."""
    if wants_json(request):
        return JsonResponse(error.as_dict(), status=error.http_status)
    if is_partial(request):
        response = HttpResponse(status=error.http_status)
        response["HX-Reswap"] = "none"
        return with_toast(response, error.message, kind="danger")
    template = {403: "errors/403.html", 404: "errors/404.html"}.get(
        error.http_status, "errors/400.html"
    )
    return render(
        request, template, {"message": error.message, "code": error.code}, status=error.http_status
    )


def with_toast(response: HttpResponse, message: str, *, kind: str = "success") -> HttpResponse:
    """Have the page show a toast when htmx receives this response."""
    response["HX-Trigger"] = json.dumps({"toast": {"message": message, "kind": kind}})
    return response


def allow_camera(response: HttpResponse) -> HttpResponse:
    """This page may ask the browser for a camera."""
    response["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=(), usb=()"
    return response


def posted(request: HttpRequest) -> QueryDict | None:
    """A form's data; None, for an unbound form, where nothing was posted."""
    return request.POST if request.method == "POST" else None


def picture_response(jpeg: bytes, **headers: Any) -> HttpResponse:
    """A face or photo for an authorised viewer: never cached by proxies, never run as a page."""
    return HttpResponse(
        jpeg,
        content_type="image/jpeg",
        headers={
            "Cache-Control": "private, max-age=300",
            "Content-Disposition": "inline",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            **headers,
        },
    )
