"""Whose account a failed sign-in is counted against. Named by ``AXES_USERNAME_CALLABLE``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

__all__ = ["account_of_attempt"]


def account_of_attempt(
    request: HttpRequest | None, credentials: Mapping[str, Any] | None = None
) -> str | None:
    """The e-mail address that was tried, in one spelling; None where none was given.

    allauth hands it on as ``email``; the form's field is ``login``; axes itself looks for
    ``username``. Without this every failure would count against the sender's address alone, so
    that one forgotten password locks out a whole office.
    """
    tried = (credentials or {}).get("email") or (credentials or {}).get("username")
    if not tried and request is not None:
        tried = request.POST.get("login")
    return str(tried).strip().lower() if tried else None
