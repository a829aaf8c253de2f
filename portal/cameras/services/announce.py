"""Telling open pages that a camera changed."""

from __future__ import annotations

from portal.cameras.models import Camera
from portal.core.events import CameraChanged, publish_on_commit

__all__ = ["announce"]


def announce(camera: Camera) -> None:
    publish_on_commit("cameras", CameraChanged(type="cameras.changed", id=str(camera.pk)))
