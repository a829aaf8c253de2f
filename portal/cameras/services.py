"""Writes to cameras: their making, their keys, their signs of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from portal.audit.services import record
from portal.cameras.models import Camera
from portal.core.bearer import digest_of, new_secret
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.events import CameraChanged, publish_on_commit
from portal.organisation.models import Site
from portal.organisation.selectors import visible_sites
from portal.organisation.services import default_site

__all__ = ["create_camera", "note_snapshot", "renew_key", "set_enabled"]

# The row of a busy camera is written once in this time, not with every snapshot.
_SEEN_RESOLUTION = timedelta(seconds=5)


@transaction.atomic
def create_camera(
    *, name: str, place: str = "", kind: str = Camera.Kind.PUSH, site_id: UUID | None = None
) -> tuple[Camera, str]:
    """Return the camera and its key, which is shown once and kept as a digest only.

    Without ``site_id`` it stands at the oldest site that the actor's rights reach.
    """
    require("cameras.manage")
    name = name.strip()
    if not name:
        raise DomainError("A camera needs a name.", code="camera.name")
    if kind not in Camera.Kind.values:
        raise DomainError(f"There is no kind of camera “{kind}”.", code="camera.kind")
    if Camera.objects.filter(name__iexact=name).exists():
        raise DomainError(
            f"There is a camera called {name} already.", code="camera.name_taken", http_status=409
        )
    site = _site(site_id)
    key = new_secret("ghc_", random_bytes=24)
    camera = Camera.objects.create(
        site=site,
        name=name[:80],
        place=place.strip()[:120],
        kind=kind,
        key_digest=digest_of(key),
    )
    record(
        "cameras.camera.created",
        target=camera,
        after={"name": camera.name, "kind": kind, "site": str(site.pk)},
    )
    _announce(camera)
    return camera, key


@transaction.atomic
def renew_key(camera: Camera) -> str:
    """A new key; the old one stops working at once."""
    require("cameras.manage")
    key = new_secret("ghc_", random_bytes=24)
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    camera.key_digest = digest_of(key)
    camera.save(update_fields=["key_digest"])
    record("cameras.camera.key_renewed", target=camera)
    return key


@transaction.atomic
def set_enabled(camera: Camera, *, is_enabled: bool) -> Camera:
    require("cameras.manage")
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    if camera.is_enabled != is_enabled:
        camera.is_enabled = is_enabled
        camera.save(update_fields=["is_enabled"])
        record(
            f"cameras.camera.{'enabled' if is_enabled else 'disabled'}",
            target=camera,
            after={"is_enabled": is_enabled},
        )
        _announce(camera)
    return camera


def note_snapshot(camera: Camera, *, at: datetime) -> None:
    """Remember that the camera lives; announces the change from silent to online."""
    if camera.last_seen_at is not None and at - camera.last_seen_at < _SEEN_RESOLUTION:
        return
    was_online = camera.health == "online"
    Camera.objects.filter(pk=camera.pk).update(last_seen_at=at)
    camera.last_seen_at = at
    if not was_online:
        _announce(camera)


def _site(site_id: UUID | None) -> Site:
    if site_id is None:
        return visible_sites().order_by("id").first() or default_site()
    site = visible_sites().filter(pk=site_id).first()
    if site is None:
        raise DomainError("There is no such site. Choose one of the list.", code="camera.site")
    return site


def _announce(camera: Camera) -> None:
    publish_on_commit("cameras", CameraChanged(type="cameras.changed", id=str(camera.pk)))
