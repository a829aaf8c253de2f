"""Where a camera's pictures come from: checked, then sealed, and never shown again.

Public surface: ``Source``, ``SCHEMES``, ``seal_source``, ``replace_source``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from django.db import transaction

from portal.audit.services import record
from portal.cameras.models import Camera
from portal.cameras.selectors import ADDRESS_PURPOSE
from portal.cameras.services.announce import announce
from portal.cameras.videos import video_path
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.outbound import AddressRefused, check_address
from portal.core.vault import vault

__all__ = ["SCHEMES", "Source", "replace_source", "seal_source"]

SCHEMES: Final[Mapping[str, frozenset[str]]] = {
    Camera.Kind.RTSP: frozenset({"rtsp", "rtsps"}),
    Camera.Kind.MJPEG: frozenset({"http", "https"}),
    Camera.Kind.SNAPSHOT: frozenset({"http", "https"}),
}


@dataclass(frozen=True, slots=True)
class Source:
    """What was typed: an address, or the name of a video file. A user name and a password may
    stand in the address too; those beside it win."""

    address: str = field(repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    verifies_certificate: bool = True


def seal_source(kind: str, source: Source) -> bytes:
    """Check where ``source`` leads, and seal it for ``Camera.sealed_address``.

    Waits for the name server, so it belongs in no transaction. Raises ``AddressRefused``, and for
    a video ``DomainError`` ``camera.video``.
    """
    if kind == Camera.Kind.FILE:
        return _seal(video_path(source.address).name)
    if not (source.username + source.password).isprintable():
        raise AddressRefused(
            "The user name or the password has a line break or an invisible character in it. Type "
            "them anew.",
            code="address.credentials",
        )
    if source.password and not source.username:
        raise AddressRefused(
            "There is a password without a user name. Type the user name too.",
            code="address.credentials",
        )
    found = check_address(source.address, schemes=SCHEMES[kind])
    if source.username:
        found = replace(found, username=source.username, password=source.password)
    return _seal(found.secret_url())


def replace_source(camera: Camera, source: Source) -> Camera:
    """Have a live camera's pictures come from elsewhere from now on."""
    require("cameras.manage")
    if not camera.is_live:
        raise DomainError(
            f"{camera.name} sends its pictures itself; it has no address.", code="camera.kind"
        )
    return _replace(camera, seal_source(camera.kind, source), source.verifies_certificate)


@transaction.atomic
def _replace(camera: Camera, sealed: bytes, verifies_certificate: bool) -> Camera:
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    camera.sealed_address = sealed
    camera.verifies_certificate = verifies_certificate
    camera.revision += 1
    camera.save(update_fields=["sealed_address", "verifies_certificate", "revision"])
    record(
        "cameras.camera.address_replaced",
        target=camera,
        after={"revision": camera.revision, "verifies_certificate": verifies_certificate},
    )
    announce(camera)
    return camera


def _seal(text: str) -> bytes:
    return vault().seal(text.encode(), purpose=ADDRESS_PURPOSE)
