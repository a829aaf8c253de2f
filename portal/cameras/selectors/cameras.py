"""Reads of cameras."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from portal.cameras.contracts import CameraSettings, points
from portal.cameras.models import Camera
from portal.core.bearer import digest_of
from portal.core.context import Actor, require
from portal.core.errors import DomainError, NotFound
from portal.core.vault import vault
from portal.core.week import Week

__all__ = [
    "ADDRESS_PURPOSE",
    "camera_of_key",
    "camera_settings",
    "settings_of",
    "visible_camera",
    "visible_cameras",
]

# What a sealed address is bound to.
ADDRESS_PURPOSE = "camera-address"


def visible_cameras() -> QuerySet[Camera]:
    """The cameras of the sites that the actor's rights reach."""
    actor = require("cameras.view")
    sites = actor.scope.site_ids
    cameras = Camera.objects.select_related("site", "status")
    return cameras if sites is None else cameras.filter(site__in=sites)


def visible_camera(camera_id: UUID) -> Camera:
    camera = visible_cameras().filter(pk=camera_id).first()
    if camera is None:
        raise NotFound("There is no such camera.")
    return camera


def camera_of_key(camera_id: UUID, key: str, *, address: str = "") -> tuple[Camera, Actor]:
    """The camera that proves itself by its key, as an actor that may send snapshots only.

    An unknown camera and a wrong key are answered alike.
    """
    camera = Camera.objects.filter(pk=camera_id).first()
    if camera is None or not hmac.compare_digest(camera.key_digest, digest_of(key)):
        raise DomainError(
            "This is not the key of this camera. The key is shown once, when the camera is made "
            "or its key renewed; send it as “Authorization: Bearer <key>”.",
            code="camera.key",
            http_status=401,
        )
    if not camera.is_enabled:
        raise DomainError(
            "This camera is switched off in Gatehouse.", code="camera.disabled", http_status=403
        )
    actor = Actor(
        kind="camera",
        id=str(camera.pk),
        label=camera.name,
        permissions=frozenset({"sightings.recognise"}),
        address=address,
    )
    return camera, actor


def settings_of(camera_ids: Iterable[UUID]) -> dict[UUID, CameraSettings]:
    """Those of cameras that send pictures, for the recognition worker."""
    cameras = Camera.objects.select_related("site").filter(pk__in=set(camera_ids))
    return {camera.pk: camera_settings(camera) for camera in cameras}


def camera_settings(camera: Camera) -> CameraSettings:
    """What streams and visits need of ``camera``. Raises ``VaultError`` where the address cannot
    be opened."""
    sealed = camera.sealed_address
    return CameraSettings(
        id=camera.pk,
        site_id=camera.site_id,
        name=camera.name,
        kind=camera.kind,
        revision=camera.revision,
        time_zone=camera.site.time_zone,
        address=vault().open(bytes(sealed), purpose=ADDRESS_PURPOSE).decode() if sealed else "",
        verifies_certificate=camera.verifies_certificate,
        direction=camera.direction,
        region=points(camera.region),
        min_face_px=camera.min_face_px,
        threshold_offset=camera.threshold_offset,
        rate_fps=camera.rate_fps,
        schedule=Week.of(camera.schedule),
    )
