"""The first administrator, who is made by whoever can read the terminal."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings
from django.db import transaction

from portal.accounts.models import Role, User
from portal.accounts.services.user import create_user
from portal.core.context import SYSTEM, acting_as
from portal.core.errors import DomainError
from portal.core.keys import load_or_create_key

__all__ = [
    "create_first_administrator",
    "ensure_first_administrator",
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


def _setup_token_path() -> Path:
    return Path(settings.DATA_DIR) / "keys" / "setup.token"
