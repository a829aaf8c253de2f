"""The last still of a camera: one sealed picture, on which its region is drawn."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.cameras.models import Camera
from portal.core.vault import vault

__all__ = ["keep_still"]


@transaction.atomic
def keep_still(camera_id: UUID, jpeg: bytes, *, at: datetime) -> None:
    """Put ``jpeg`` in the place of the camera's still, unless that one is newer or the camera is
    gone. What was there before is deleted on commit."""
    camera = Camera.objects.select_for_update().filter(pk=camera_id).first()
    if camera is None:
        return
    # A still from the future was taken before the clock was put right: it stands in nobody's way.
    if camera.still_at is not None and at <= camera.still_at <= timezone.now():
        return
    before = camera.still_key
    camera.still_key, camera.still_at = vault().put("stills", jpeg), at
    camera.save(update_fields=["still_key", "still_at"])
    if before:
        transaction.on_commit(lambda: vault().delete(before), robust=True)
