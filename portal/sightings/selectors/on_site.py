"""How many people are on site. Public surface: ``on_site_count`` with ``OnSite``."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from portal.cameras.models import Camera
from portal.core.context import require
from portal.sightings.models import Visit, VisitLeg
from portal.sightings.selectors.visits import visits_within

__all__ = ["OnSite", "on_site_count"]


@dataclass(frozen=True, slots=True)
class OnSite:
    """Distinct people whom a camera saw today and none saw leave, and the visits going on now.

    Where no camera ``tells_direction``, ``people`` is simply how many were seen today.
    """

    people: int
    open_visits: int
    tells_direction: bool


def on_site_count() -> OnSite:
    """Since the midnight of the default time zone."""
    actor = require("sightings.view")
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    seen = Visit.objects.filter(visits_within(actor), last_at__gte=start)
    last_way = (
        VisitLeg.objects.filter(
            visit__person=OuterRef("person"), visit__site=OuterRef("site"), last_at__gte=start
        )
        .exclude(camera__direction=Camera.Direction.NONE)
        .order_by("-last_at", "-id")
        .values("camera__direction")[:1]
    )
    people = (
        seen.exclude(person=None)
        .annotate(way=Subquery(last_way))
        .filter(Q(way=None) | Q(way=Camera.Direction.IN))
        .order_by()
        .values("person")
        .distinct()
        .count()
    )
    sites = actor.scope.site_ids
    directed = Camera.objects.exclude(direction=Camera.Direction.NONE)
    if sites is not None:
        directed = directed.filter(site__in=sites)
    return OnSite(people, seen.filter(closed_at=None).count(), directed.exists())
