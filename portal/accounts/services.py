"""Writes to users and tokens: first run, tokens, roles."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import ApiToken, Role, User
from portal.audit.services import record
from portal.core.bearer import digest_of, new_secret
from portal.core.context import SYSTEM, acting_as, require
from portal.core.errors import DomainError
from portal.core.keys import load_or_create_key

__all__ = [
    "create_api_token",
    "create_first_administrator",
    "create_user",
    "ensure_first_administrator",
    "revoke_api_token",
    "setup_link",
    "setup_token_is_valid",
]


def ensure_first_administrator(*, email: str, password: str) -> str | None:
    """Create the administrator named by the environment unless somebody exists already.

    Returns the address created, or None. Raises ``DomainError`` for a weak password.
    """
    if User.objects.exists():
        return None
    return create_first_administrator(email=email, password=password).email


@transaction.atomic
def create_first_administrator(*, email: str, password: str, name: str = "") -> User:
    """Only while there is no user at all; afterwards always refused."""
    if User.objects.select_for_update().exists():
        raise DomainError(
            "Gatehouse has an administrator already. Sign in instead.",
            code="setup.already_done",
            http_status=409,
        )
    with acting_as(SYSTEM):
        user = create_user(email=email, password=password, name=name, role=Role.ADMINISTRATOR)
    _setup_token_path().unlink(missing_ok=True)
    return user


@transaction.atomic
def create_user(*, email: str, password: str, role: str, name: str = "") -> User:
    require("system.manage")
    email = email.strip().lower()
    try:
        validate_email(email)
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise DomainError(" ".join(error.messages), code="user.invalid") from error
    if role not in Role.values:
        raise DomainError(
            f"There is no role “{role}”; expected one of {', '.join(Role.values)}.",
            code="user.invalid",
        )
    if User.objects.filter(email=email).exists():
        raise DomainError(f"{email} has an account already.", code="user.exists", http_status=409)
    user = User.objects.create_user(email, password, role=role, name=name.strip())
    record("accounts.user.created", target=user, after={"role": role})
    return user


def setup_link() -> str | None:
    """The address, with its one-time token, where the first administrator is made; else None."""
    if User.objects.exists():
        return None
    return (
        f"{settings.CSRF_TRUSTED_ORIGINS[0]}/setup/?token={load_or_create_key(_setup_token_path())}"
    )


def setup_token_is_valid(token: str) -> bool:
    path = _setup_token_path()
    if not path.exists() or User.objects.exists():
        return False
    return secrets.compare_digest(token.encode(), load_or_create_key(path).encode())


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


def _setup_token_path() -> Path:
    return Path(settings.DATA_DIR) / "keys" / "setup.token"
