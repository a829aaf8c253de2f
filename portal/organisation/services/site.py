"""Writes to sites."""

from __future__ import annotations

from django.conf import settings

from portal.organisation.models import Site

__all__ = ["default_site"]


def default_site() -> Site:
    """The oldest site, which is made, in the operator's time zone, where there is none yet."""
    site = Site.objects.order_by("id").first()
    if site is not None:
        return site
    return Site.objects.get_or_create(name="Main site", defaults={"time_zone": settings.TIME_ZONE})[
        0
    ]
