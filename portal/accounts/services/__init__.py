"""Writes to users and tokens."""

from portal.accounts.services.first_run import (
    create_first_administrator,
    ensure_first_administrator,
    setup_link,
    setup_token_is_valid,
)
from portal.accounts.services.invite import invite_user, new_sign_in_link
from portal.accounts.services.token import create_api_token, revoke_api_token
from portal.accounts.services.user import (
    UserDetails,
    create_user,
    deactivate_user,
    reactivate_user,
    update_user,
)

__all__ = [
    "UserDetails",
    "create_api_token",
    "create_first_administrator",
    "create_user",
    "deactivate_user",
    "ensure_first_administrator",
    "invite_user",
    "new_sign_in_link",
    "reactivate_user",
    "revoke_api_token",
    "setup_link",
    "setup_token_is_valid",
    "update_user",
]
