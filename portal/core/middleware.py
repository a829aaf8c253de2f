"""Per-request plumbing: the actor, one rendering of domain errors, one header."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.core.context import ANONYMOUS, Actor, acting_as
from portal.core.errors import DomainError
from portal.core.http import render_error

__all__ = ["ContextMiddleware", "DomainErrorMiddleware", "PermissionsPolicyMiddleware"]

GetResponse = Callable[[HttpRequest], HttpResponse]


class ContextMiddleware:
    """Binds the signed-in user as the actor of everything this request does."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        address = request.META.get("REMOTE_ADDR", "")
        actor = (
            Actor(
                kind="user",
                id=str(user.pk),
                label=user.get_username(),
                permissions=user.permissions,
                address=address,
                scope=user.scope(),
            )
            if user.is_authenticated
            else ANONYMOUS
        )
        with acting_as(actor):
            return self._get_response(request)


class DomainErrorMiddleware:
    """Turns a ``DomainError`` that left a view into a page, a partial or JSON."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DomainError):
            return render_error(request, exception)
        return None


class PermissionsPolicyMiddleware:
    """Pages may use the camera only where the response says so itself."""

    HEADER = "Permissions-Policy"

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.setdefault(self.HEADER, "camera=(), microphone=(), geolocation=(), usb=()")
        return response
