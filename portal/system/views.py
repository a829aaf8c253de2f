"""Health for people and for probes; API tokens; the API's description."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.models import ApiToken
from portal.accounts.selectors import api_tokens
from portal.accounts.services import create_api_token, revoke_api_token
from portal.core.http import is_partial, page
from portal.system.selectors import health, readiness_checks

__all__ = ["create_token", "health_page", "healthz", "readyz", "revoke_token", "tokens"]

_NEW_TOKEN = "new_api_token"  # noqa: S105 - the session's key, not a secret


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives. Says nothing else, to anybody."""
    return JsonResponse({"status": "ok"})


@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """200 while database and broker answer, else 503 with the names of what does not."""
    failing = [check.name for check in readiness_checks() if check.state == "down"]
    body = {"status": "not ready" if failing else "ready", "failing": failing}
    return JsonResponse(body, status=503 if failing else 200)


@page("system.view")
def health_page(request: HttpRequest) -> HttpResponse:
    template = "system/_health.html" if is_partial(request) else "system/health.html"
    return render(request, template, {"health": health()})


@page("system.view")
def tokens(request: HttpRequest) -> HttpResponse:
    """A new token's secret is in the session for one look only."""
    context = {
        "tokens": list(api_tokens()),
        "scopes": ApiToken.Scope.choices,
        "new_token": request.session.pop(_NEW_TOKEN, ""),
    }
    return render(request, "system/tokens.html", context)


@page("system.manage")
@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    _, secret = create_api_token(
        name=request.POST.get("name", ""), scopes=request.POST.getlist("scopes")
    )
    request.session[_NEW_TOKEN] = secret
    return redirect("system:tokens")


@page("system.manage")
@require_POST
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    token = get_object_or_404(api_tokens(), pk=token_id)
    revoke_api_token(token)
    messages.success(request, f"The token “{token.name}” does not work any more.")
    return redirect("system:tokens")
