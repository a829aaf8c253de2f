"""Stills past their time: of cameras that were switched off, since all others replace theirs."""

from __future__ import annotations

from datetime import datetime

from portal.cameras.models import Camera
from portal.cameras.selectors import stills_before
from portal.core.vault import vault

__all__ = ["forget_stills"]


def forget_stills(before: datetime) -> int:
    """Delete the stills taken before; returns how many. The blob goes first: a crash in between
    leaves a row that the next night finds again."""
    cameras = list(stills_before(before))
    for camera in cameras:
        vault().delete(camera.still_key)
        Camera.objects.filter(pk=camera.pk, still_key=camera.still_key).update(
            still_key="", still_at=None
        )
    return len(cameras)
