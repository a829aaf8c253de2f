"""Inviting a user: an account without a password, and a link with which one is chosen, once."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.services.user import UserDetails, add_user
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError

__all__ = ["invite_user", "new_sign_in_link"]


@transaction.atomic
def invite_user(email: str, details: UserDetails) -> tuple[User, str]:
    """The account, and the address where its owner chooses a password."""
    user = add_user(email, details)
    return user, new_sign_in_link(user)


@transaction.atomic
def new_sign_in_link(user: User) -> str:
    """An address where ``user`` chooses a password: works once, for three days.

    Links of before stop working where no password was chosen yet.
    """
    require("users.manage")
    locked = User.objects.select_for_update().get(pk=user.pk)
    if not locked.is_active:
        raise DomainError(
            f"{locked} is deactivated. Reactivate the account first.",
            code="user.inactive",
            http_status=409,
        )
    if not locked.has_usable_password():
        # The link proves itself by the password's hash, so another one ends the former links.
        locked.set_unusable_password()
        locked.save(update_fields=["password"])
    record("accounts.user.link_made", target=locked)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={
            "uidb36": user_pk_to_url_str(locked),
            "key": default_token_generator.make_token(locked),
        },
    )
    return f"{settings.CSRF_TRUSTED_ORIGINS[0]}{path}"
