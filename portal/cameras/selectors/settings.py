"""What the page of a camera's settings has to know beside the camera."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from portal.cameras.models import Camera
from portal.engines.selectors import policy_in_force
from portal.people.selectors import gallery_people_count

__all__ = ["has_seen_somebody", "stills_before", "threshold_in_force"]


def has_seen_somebody(camera: Camera) -> bool:
    """Whether pictures or visits of this camera are kept."""
    return any(rows.exists() for rows in (camera.snapshots, camera.visits, camera.legs))


def stills_before(moment: datetime) -> QuerySet[Camera]:
    """Cameras whose last still was taken before."""
    return Camera.objects.filter(still_at__lt=moment).exclude(still_key="")


def threshold_in_force() -> float:
    """The threshold to which a camera's offset is added."""
    return policy_in_force(gallery_people_count()).threshold
