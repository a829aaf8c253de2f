"""Who sends a request, asked before its body is read: for addresses that take large uploads.

Public surface: ``admits``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie

__all__ = ["admits"]


def admits(permission: str) -> Callable[[MutableMapping[str, Any]], Awaitable[bool]]:
    """Whether the session that an ASGI scope names belongs to a user with ``permission``."""

    async def asked(scope: MutableMapping[str, Any]) -> bool:
        sent = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
        key = parse_cookie(sent).get(settings.SESSION_COOKIE_NAME, "")
        return bool(key) and await _has(key, permission)

    return asked


@database_sync_to_async  # type: ignore[untyped-decorator]
def _has(session_key: str, permission: str) -> bool:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return user.is_authenticated and user.is_active and permission in user.permissions
