"""Deleting a camera that never saw anybody; any other is switched off instead."""

from __future__ import annotations

from django.db import transaction

from portal.audit.services import record
from portal.cameras.models import Camera
from portal.cameras.selectors import has_seen_somebody
from portal.cameras.services.announce import announce
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import vault

__all__ = ["delete_camera"]


@transaction.atomic
def delete_camera(camera: Camera) -> None:
    """Raises ``DomainError`` (``camera.has_seen``) where sightings would be lost with it."""
    require("cameras.manage")
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    if has_seen_somebody(camera):
        raise DomainError(
            f"{camera.name} has taken pictures that sightings and attendance rest on, so it cannot "
            "be deleted. Switch it off instead.",
            code="camera.has_seen",
            http_status=409,
        )
    record(
        "cameras.camera.deleted",
        target=camera,
        before={"name": camera.name, "kind": camera.kind, "site": str(camera.site_id)},
    )
    if camera.still_key:
        still_key = camera.still_key
        transaction.on_commit(lambda: vault().delete(still_key), robust=True)
    announce(camera)
    camera.delete()
