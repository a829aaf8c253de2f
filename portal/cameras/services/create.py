"""The making of a camera."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from portal.audit.services import record
from portal.cameras.models import Camera
from portal.cameras.services.announce import announce
from portal.cameras.services.key import new_key
from portal.cameras.services.naming import checked_name, site_of
from portal.cameras.services.source import Source, seal_source
from portal.core.bearer import digest_of
from portal.core.context import require
from portal.core.errors import DomainError

__all__ = ["create_camera"]


def create_camera(
    *,
    name: str,
    place: str = "",
    kind: str = Camera.Kind.PUSH,
    site_id: UUID | None = None,
    direction: str = Camera.Direction.NONE,
    source: Source | None = None,
) -> tuple[Camera, str]:
    """Return the camera and its key, which is shown once and kept as a digest only.

    Without ``site_id`` it stands at the oldest site that the actor's rights reach. ``source`` is
    needed by kinds that Gatehouse fetches pictures from, and by no other.
    """
    require("cameras.manage")
    if kind not in Camera.Kind.values:
        raise DomainError(f"There is no kind of camera “{kind}”.", code="camera.kind")
    if direction not in Camera.Direction.values:
        raise DomainError("There is no such direction.", code="camera.direction")
    sealed = seal_source(kind, source or Source("")) if kind in Camera.LIVE else None
    key = new_key()
    camera = Camera(
        place=place.strip()[:120],
        kind=kind,
        direction=direction,
        sealed_address=sealed,
        verifies_certificate=source is None or source.verifies_certificate,
        key_digest=digest_of(key),
    )
    return _made(camera, name=name, site_id=site_id), key


@transaction.atomic
def _made(camera: Camera, *, name: str, site_id: UUID | None) -> Camera:
    camera.name = checked_name(name)
    camera.site = site_of(site_id)
    camera.save(force_insert=True)
    record(
        "cameras.camera.created",
        target=camera,
        after={"name": camera.name, "kind": camera.kind, "site": str(camera.site_id)},
    )
    announce(camera)
    return camera
