"""API tokens: made, shown once, revoked."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import ApiToken
from portal.audit.services import record
from portal.core.bearer import digest_of, new_secret
from portal.core.context import require
from portal.core.errors import DomainError

__all__ = ["create_api_token", "revoke_api_token"]


@transaction.atomic
def create_api_token(*, name: str, scopes: Sequence[str]) -> tuple[ApiToken, str]:
    """Return the row and the secret, which cannot be had again."""
    require("system.manage")
    unknown = sorted(set(scopes) - set(ApiToken.Scope.values))
    if unknown or not scopes:
        raise DomainError(
            f"A token needs at least one scope of {', '.join(ApiToken.Scope.values)}"
            + (f"; {', '.join(unknown)} is none." if unknown else "."),
            code="token.scope",
        )
    if not name.strip():
        raise DomainError("A token needs a name that says who uses it.", code="token.name")
    secret = new_secret("gh_", random_bytes=32)
    token = ApiToken.objects.create(
        name=name.strip()[:80], scopes=sorted(set(scopes)), digest=digest_of(secret)
    )
    record("accounts.token.created", target=token, after={"scopes": token.scopes})
    return token, secret


@transaction.atomic
def revoke_api_token(token: ApiToken) -> None:
    require("system.manage")
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record("accounts.token.revoked", target=token)
