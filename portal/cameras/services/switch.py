"""Switching a camera on and off."""

from __future__ import annotations

from django.db import transaction

from portal.audit.services import record
from portal.cameras.models import Camera
from portal.cameras.services.announce import announce
from portal.core.context import require

__all__ = ["set_enabled"]


@transaction.atomic
def set_enabled(camera: Camera, *, is_enabled: bool) -> Camera:
    require("cameras.manage")
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    if camera.is_enabled != is_enabled:
        camera.is_enabled = is_enabled
        camera.revision += 1
        camera.save(update_fields=["is_enabled", "revision"])
        record(
            f"cameras.camera.{'enabled' if is_enabled else 'disabled'}",
            target=camera,
            after={"is_enabled": is_enabled},
        )
        announce(camera)
    return camera
