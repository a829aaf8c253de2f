"""The door of the public pages: a link's token instead of a sign-in.

Public surface: ``Visit``, ``by_invitation``. A token that is unknown, expired,
used or revoked is answered alike, and the answers to all of them name nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from portal.core.context import Actor, Scope, acting_as, correlation_id
from portal.core.errors import DomainError
from portal.core.http import is_partial, render_error, wants_json
from portal.core.kept_private import kept_private
from portal.core.throttle import is_spent, spend
from portal.enrolment.invitations import open_by_token
from portal.enrolment.models import Invitation

__all__ = ["MOST_WRONG_TOKENS", "Visit", "by_invitation"]

# From one address within ten minutes; a whole school behind one address has old links as well.
MOST_WRONG_TOKENS: Final = 60
_WITHIN_S: Final = 600

_DEAD: Final = "This link does not work. It may be used, too old or mistyped: ask for a new one."
_SLOW: Final = "Too many links were tried from here. Wait ten minutes and open yours again."

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Visit:
    """An open invitation and the token that opened it, for the addresses of its pages."""

    invitation: Invitation
    token: str


View = Callable[Concatenate[HttpRequest, Visit, P], HttpResponseBase]


def by_invitation(view: View[P]) -> Callable[..., HttpResponseBase]:
    """A view for whoever holds a link that works; the invitation acts in what it does."""

    @wraps(view)
    def guarded(
        request: HttpRequest, /, token: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        address = request.META.get("REMOTE_ADDR", "")
        if is_spent("join", address, limit=MOST_WRONG_TOKENS):
            return _refused(request, _SLOW, template="join/slow_down.html", status=429)
        invitation = open_by_token(token)
        if invitation is None:
            spend("join", address, within_s=_WITHIN_S)
            return _refused(request, _DEAD, template="join/dead_link.html", status=404)
        actor = Actor(
            kind="invitation",
            id=str(invitation.pk),
            label="somebody invited",
            address=address,
            scope=Scope(person_id=invitation.person_id),
        )
        with acting_as(actor, correlation=correlation_id()):
            try:
                return view(request, Visit(invitation, token), *args, **kwargs)
            except DomainError as error:
                return render_error(request, error)

    return kept_private(guarded)


def _refused(request: HttpRequest, message: str, *, template: str, status: int) -> HttpResponse:
    if wants_json(request):
        body = {"error": {"code": "invitation.closed", "message": message}}
        return JsonResponse(body, status=status)
    if is_partial(request):
        # The page asks every second: it is to give way to the one that says why, not to repeat it.
        return HttpResponse(status=status, headers={"HX-Refresh": "true"})
    return render(request, template, status=status)
