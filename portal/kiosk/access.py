"""The door of a tablet's addresses: a signed cookie of its own instead of a sign-in.

Public surface: ``COOKIE``, ``by_kiosk``, ``kiosk_in``, ``give_cookie``, ``renew_cookie``. The cookie
is sent to these addresses alone, and opens nothing else of the portal: whoever is signed in in the
same browser does not act here, and the tablet does not act there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from portal.core.context import Actor, acting_as, correlation_id
from portal.core.errors import DomainError
from portal.core.http import render_error
from portal.core.kept_private import kept_private
from portal.kiosk.models import Kiosk
from portal.kiosk.services.pair import Pairing, kiosk_of

__all__ = ["COOKIE", "by_kiosk", "give_cookie", "kiosk_in", "renew_cookie"]

COOKIE: Final = "gatehouse_kiosk"
_SALT: Final = "portal.kiosk"
_PATH: Final = "/kiosk/"
# As long as browsers keep a cookie; every day in use begins it anew.
_LIFE_S: Final = 400 * 86_400

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Kiosk, P], HttpResponseBase]


def give_cookie(response: HttpResponse, pairing: Pairing) -> None:
    _set(response, f"{pairing.kiosk.pk.hex}.{pairing.token}")


def kiosk_in(request: HttpRequest) -> Kiosk | None:
    """The tablet that asks; None where it is none, or none any more."""
    value = request.get_signed_cookie(COOKIE, default=None, salt=_SALT, max_age=_LIFE_S)
    identifier, _, token = (value or "").partition(".")
    try:
        return kiosk_of(UUID(identifier), token)
    except ValueError:
        return None


def by_kiosk(view: View[P]) -> Callable[..., HttpResponseBase]:
    """A view that answers JSON to a tablet, which may send pictures and nothing else."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        kiosk = kiosk_in(request)
        if kiosk is None:
            body = {
                "error": {
                    "code": "kiosk.unknown",
                    "message": "This tablet is not a kiosk, or not any more.",
                }
            }
            return JsonResponse(body, status=401)
        actor = Actor(
            kind="camera",
            id=str(kiosk.camera_id),
            label=kiosk.camera.name,
            permissions=frozenset({"sightings.recognise"}),
            address=request.META.get("REMOTE_ADDR", ""),
        )
        with acting_as(actor, correlation=correlation_id()):
            try:
                return view(request, kiosk, *args, **kwargs)
            except DomainError as error:
                return render_error(request, error)

    return kept_private(guarded)


def renew_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """So that a tablet in use is never forgotten by its browser."""
    value = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=_LIFE_S)
    if value:
        _set(response, value)


def _set(response: HttpResponse, value: str) -> None:
    response.set_signed_cookie(
        COOKIE,
        value,
        salt=_SALT,
        max_age=_LIFE_S,
        path=_PATH,
        httponly=True,
        samesite="Strict",
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )
