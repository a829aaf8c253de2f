"""Context processor: what every page's frame needs. Lazy, so that error pages ask for nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.ui.navigation import NavItem, navigation_for

__all__ = ["portal"]


def portal(request: HttpRequest) -> dict[str, Any]:
    """`site_name`; `navigation`, a list of `NavItem`, empty for visitors; and `current_place`."""

    def build() -> list[NavItem]:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return []
        return navigation_for(user, path=request.path)

    items = SimpleLazyObject(build)

    def current_place() -> str:
        return next((item.label for item in items if item.is_current), settings.SITE_NAME)

    return {
        "site_name": settings.SITE_NAME,
        "navigation": items,
        "current_place": SimpleLazyObject(current_place),
    }
