"""Reads of tokens: from a secret to the actor it stands for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import ApiToken
from portal.core.bearer import digest_of
from portal.core.context import Actor, require

__all__ = ["actor_of_token", "api_tokens"]

SCOPE_PERMISSIONS: Final = {
    ApiToken.Scope.RECOGNISE.value: frozenset({"sightings.recognise"}),
    ApiToken.Scope.READ.value: frozenset({"people.view", "cameras.view", "sightings.view"}),
}


def actor_of_token(secret: str, *, address: str = "") -> Actor | None:
    """The actor behind a bearer token; None for an unknown or revoked one."""
    token = ApiToken.objects.filter(digest=digest_of(secret), revoked_at=None).first()
    if token is None:
        return None
    now = timezone.now()
    # Once a minute is precise enough for "last used", and spares a write per request.
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    permissions = frozenset[str]().union(*(SCOPE_PERMISSIONS.get(s, ()) for s in token.scopes))
    return Actor(
        kind="token", id=str(token.pk), label=token.name, permissions=permissions, address=address
    )


def api_tokens() -> QuerySet[ApiToken]:
    require("system.view")
    return ApiToken.objects.all()
