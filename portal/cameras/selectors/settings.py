"""What the page of a camera's settings has to know beside the camera."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from portal.cameras.models import Camera
from portal.engines.selectors import Deciding, deciding
from portal.people.selectors import gallery_people_count

__all__ = ["deciding_everywhere", "has_seen_somebody", "stills_before"]


def has_seen_somebody(camera: Camera) -> bool:
    """Whether pictures or visits of this camera are kept."""
    return any(rows.exists() for rows in (camera.snapshots, camera.visits, camera.legs))


def stills_before(moment: datetime) -> QuerySet[Camera]:
    """Cameras whose last still was taken before."""
    return Camera.objects.filter(still_at__lt=moment).exclude(still_key="")


def deciding_everywhere() -> Deciding:
    """The rule to whose threshold a camera's offset is added."""
    return deciding(gallery_people_count())
