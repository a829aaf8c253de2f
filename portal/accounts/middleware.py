"""While there is no administrator yet, every page leads to the set-up page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.accounts.models import User

__all__ = ["FirstRunMiddleware"]

_ALWAYS_OPEN = ("/setup/", "/static/", "/healthz", "/readyz", "/api/", "/favicon.ico")


class FirstRunMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        # Users are deactivated, never deleted, so the answer "somebody exists" stays true.
        self._is_set_up = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._is_set_up and not request.path.startswith(_ALWAYS_OPEN):
            self._is_set_up = request.user.is_authenticated or User.objects.exists()
            if not self._is_set_up:
                return redirect("accounts:setup")
        return self._get_response(request)
