"""The making of kiosks, and what administrators change about them.

Public surface: ``KioskDetails``, ``create_kiosk``, ``update_kiosk``, ``renew_link``,
``revoke_kiosk``. A kiosk's camera is made and named with it, by whoever may manage kiosks: that
right is enough for it, and reaches no other camera.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.cameras.models import Camera
from portal.cameras.services import CameraDetails, create_camera, update_camera
from portal.core.bearer import digest_of, new_secret
from portal.core.context import acting_as, correlation_id, require
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.kiosk.models import Kiosk
from portal.kiosk.sealing import PURPOSE, Keys

__all__ = ["KioskDetails", "create_kiosk", "renew_link", "revoke_kiosk", "update_kiosk"]

# Long enough to walk to the tablet, short enough to be worthless on an old note.
LINK_LIFE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KioskDetails:
    name: str
    place: str = ""
    takes: str = Kiosk.Takes.FACES
    asks_direction: bool = True


@transaction.atomic
def create_kiosk(details: KioskDetails, *, site_id: UUID | None = None) -> tuple[Kiosk, str]:
    """Return the kiosk and the key of its link, which is shown once."""
    with _with_its_camera():
        camera, _ = create_camera(
            name=details.name, place=details.place, kind=Camera.Kind.BROWSER, site_id=site_id
        )
        # Whoever is not recognised there types a PIN: that is no stranger to be watched for.
        told = replace(_camera_details(details, camera), is_for_security=False)
        camera = update_camera(camera, told)
    key = _new_key()
    kiosk = Kiosk.objects.create(
        camera=camera,
        takes=_checked(details.takes),
        asks_direction=details.asks_direction,
        key_digest=digest_of(key),
        link_until=timezone.now() + LINK_LIFE,
        sealed_secret=_sealed(Keys.new()),
    )
    record("kiosks.kiosk.created", target=kiosk, after=_told(kiosk))
    return kiosk, key


@transaction.atomic
def update_kiosk(kiosk: Kiosk, details: KioskDetails) -> Kiosk:
    require("kiosks.manage")
    row = _locked(kiosk)
    before = _told(row)
    with _with_its_camera():
        row.camera = update_camera(row.camera, _camera_details(details, row.camera))
    row.takes, row.asks_direction = _checked(details.takes), details.asks_direction
    row.save(update_fields=["takes", "asks_direction"])
    record("kiosks.kiosk.updated", target=row, before=before, after=_told(row))
    return row


@transaction.atomic
def renew_link(kiosk: Kiosk) -> str:
    """The key of a new link, shown once; the tablet that was in use stops working at once.

    What a tablet has kept meanwhile can still be delivered where the same tablet opens the link;
    not so where the kiosk was switched off before.
    """
    require("kiosks.manage")
    row = _locked(kiosk)
    key = _new_key()
    row.key_digest, row.link_until = digest_of(key), timezone.now() + LINK_LIFE
    if row.revoked_at is not None:
        row.revoked_at, row.sealed_secret = None, _sealed(Keys.new())
    row.save(update_fields=["key_digest", "link_until", "revoked_at", "sealed_secret"])
    record("kiosks.kiosk.link_renewed", target=row)
    return key


@transaction.atomic
def revoke_kiosk(kiosk: Kiosk) -> Kiosk:
    """Switch it off: its tablet may do nothing any more, and sends nothing that it has kept."""
    require("kiosks.manage")
    row = _locked(kiosk)
    if row.revoked_at is None:
        row.revoked_at, row.link_until = timezone.now(), None
        row.key_digest = digest_of(_new_key())
        row.save(update_fields=["revoked_at", "link_until", "key_digest"])
        record("kiosks.kiosk.revoked", target=row)
    return row


@contextmanager
def _with_its_camera() -> Iterator[None]:
    actor = require("kiosks.manage")
    wider = replace(actor, permissions=actor.permissions | {"cameras.manage"})
    with acting_as(wider, correlation=correlation_id()):
        yield


def _camera_details(details: KioskDetails, camera: Camera) -> CameraDetails:
    """How strict the camera is, and all else that a kiosk's form does not hold, was said on the
    camera's own pages and stays."""
    kept: dict[str, Any] = {each.name: getattr(camera, each.name) for each in fields(CameraDetails)}
    return replace(CameraDetails(**kept), name=details.name, place=details.place)


def _locked(kiosk: Kiosk) -> Kiosk:
    rows = Kiosk.objects.select_for_update(of=("self",)).select_related("camera__site")
    return rows.get(pk=kiosk.pk)


def _checked(takes: str) -> str:
    if takes not in Kiosk.Takes.values:
        raise DomainError("There is no such way to register.", code="kiosk.takes")
    return takes


def _new_key() -> str:
    return new_secret("ghk_", random_bytes=32)


def _sealed(keys: Keys) -> bytes:
    return vault().seal(keys.packed, purpose=PURPOSE)


def _told(kiosk: Kiosk) -> dict[str, object]:
    return {
        "camera": str(kiosk.camera_id),
        "takes": kiosk.takes,
        "asks_direction": kiosk.asks_direction,
    }
