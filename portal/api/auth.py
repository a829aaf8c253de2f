"""Bearer tokens: from the header to the actor that services and selectors see."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from ninja.security import HttpBearer

from portal.accounts.selectors import actor_of_token
from portal.core.context import Actor

__all__ = ["AsyncTokenAuth", "TokenAuth", "actor_of"]


class TokenAuth(HttpBearer):
    """The request's ``auth`` becomes the token's ``Actor``."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        return actor_of_token(token, address=request.META.get("REMOTE_ADDR", ""))


class AsyncTokenAuth(HttpBearer):
    """The same for asynchronous routes."""

    async def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        address = request.META.get("REMOTE_ADDR", "")
        return await sync_to_async(actor_of_token)(token, address=address)


def actor_of(request: HttpRequest) -> Actor:
    """The actor that the route's authentication found."""
    actor = getattr(request, "auth", None)
    if not isinstance(actor, Actor):
        raise TypeError("this route has no token authentication")
    return actor
