"""Reads of users, and of tokens: from a secret to the actor it stands for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import ApiToken, User
from portal.core.bearer import digest_of
from portal.core.context import Actor, require
from portal.core.errors import NotFound

__all__ = ["actor_of_token", "api_tokens", "visible_user", "visible_users"]

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


def visible_users() -> QuerySet[User]:
    """All users; to whom is limited to sites, those of these sites and themselves."""
    actor = require("users.view")
    users = User.objects.select_related("person").prefetch_related("sites", "departments__site")
    sites = actor.scope.site_ids
    if sites is None:
        return users
    limited = Q(sites__in=sites) | Q(departments__site__in=sites) | Q(person__site__in=sites)
    # By their ids: the joins would give one row for each site.
    theirs = User.objects.filter(limited | Q(pk=actor.id)).values("pk")
    return users.filter(pk__in=theirs)


def visible_user(user_id: int) -> User:
    user = visible_users().filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such user.")
    return user
