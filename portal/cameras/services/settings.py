"""What can be changed about a camera: whatever its streams must follow raises its revision.

Public surface: ``CameraDetails``, ``update_camera``, ``set_offset``, ``set_region``,
``set_schedule``, and the ranges that forms offer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from portal.audit.services import record
from portal.cameras.models import Camera
from portal.cameras.regions import checked_region
from portal.cameras.services.announce import announce
from portal.cameras.services.naming import checked_name, site_of
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.week import Week

__all__ = [
    "FACE_PX",
    "OFFSETS",
    "RATES_FPS",
    "CameraDetails",
    "set_offset",
    "set_region",
    "set_schedule",
    "update_camera",
]

RATES_FPS: Final = (0.02, 30.0)
FACE_PX: Final = (0, 1000)
OFFSETS: Final = (-0.1, 0.2)

# A page shows two places, and sends them back.
_SAME_OFFSET: Final = 1e-6

_KEPT: Final = (
    "name",
    "place",
    "direction",
    "is_for_attendance",
    "is_for_access",
    "is_for_security",
    "rate_fps",
    "min_face_px",
    "threshold_offset",
)


@dataclass(frozen=True, slots=True)
class CameraDetails:
    """What the form of a camera's settings holds. Without ``site_id`` its site stays."""

    name: str
    place: str = ""
    site_id: UUID | None = None
    direction: str = Camera.Direction.NONE
    is_for_attendance: bool = True
    is_for_access: bool = False
    is_for_security: bool = True
    rate_fps: float = 5.0
    min_face_px: int = 0
    threshold_offset: float = 0.0


@transaction.atomic
def update_camera(camera: Camera, details: CameraDetails) -> Camera:
    require("cameras.manage")
    _require_range(details.rate_fps, RATES_FPS, code="camera.rate", what="The rate")
    _require_range(details.min_face_px, FACE_PX, code="camera.min_face", what="The smallest face")
    _require_range(details.threshold_offset, OFFSETS, code="camera.offset", what="The offset")
    if details.direction not in Camera.Direction.values:
        raise DomainError("There is no such direction.", code="camera.direction")
    camera = Camera.objects.select_for_update().select_related("site").get(pk=camera.pk)
    _require_no_laxer(camera, details.threshold_offset)
    before = _snapshot(camera)
    for name in _KEPT:
        setattr(camera, name, getattr(details, name))
    camera.name = checked_name(details.name, camera=camera)
    camera.place = details.place.strip()[:120]
    if details.site_id is not None and details.site_id != camera.site_id:
        camera.site = site_of(details.site_id)
    return _saved(camera, "cameras.camera.updated", before=before, after=_snapshot(camera))


@transaction.atomic
def set_offset(camera: Camera, offset: float) -> Camera:
    """Be stricter (above 0) or more lenient at this camera than everywhere; 0 is as everywhere.

    Raises ``DomainError``, also where two people are needed to name more faces.
    """
    require("cameras.manage")
    _require_range(offset, OFFSETS, code="camera.offset", what="The offset")
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    _require_no_laxer(camera, offset)
    before, camera.threshold_offset = {"threshold_offset": camera.threshold_offset}, offset
    after = {"threshold_offset": offset}
    return _saved(camera, "cameras.camera.updated", before=before, after=after)


@transaction.atomic
def set_region(camera: Camera, corners: object) -> Camera:
    """Look at the faces within these corners only; none is the whole picture.

    Raises ``DomainError`` with a code of ``portal.cameras.regions``.
    """
    require("cameras.manage")
    region = checked_region(corners)
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    before, camera.region = {"region": camera.region}, region
    return _saved(camera, "cameras.camera.region_set", before=before, after={"region": region})


@transaction.atomic
def set_schedule(camera: Camera, week: Week) -> Camera:
    """Take pictures in these hours only, by the clocks of the camera's site."""
    require("cameras.manage")
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    before, camera.schedule = {"schedule": camera.schedule}, week.stored()
    after = {"schedule": camera.schedule}
    return _saved(camera, "cameras.camera.schedule_set", before=before, after=after)


def _saved(camera: Camera, action: str, *, before: dict[str, Any], after: dict[str, Any]) -> Camera:
    """Nothing is written where nothing changed, so that no stream is begun anew for it."""
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        camera.revision += 1
        camera.save()
        record(
            action,
            target=camera,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
        announce(camera)
    return camera


def _snapshot(camera: Camera) -> dict[str, Any]:
    return {name: getattr(camera, name) for name in _KEPT} | {"site": str(camera.site_id)}


def _require_no_laxer(camera: Camera, offset: float) -> None:
    """Who may not lower the threshold alone may not do it camera by camera either. To be stricter
    needs nobody else: it lets nobody in."""
    now = camera.threshold_offset
    if settings.CALIBRATION_NEEDS_TWO and offset < now - _SAME_OFFSET:
        raise DomainError(
            f"{offset:+.2f} would make it more lenient than the {now:+.2f} that it adds now. Two "
            "people are needed for that here, and a camera's offset is changed by one: keep "
            f"{now:+.2f} or more. The rule for everywhere can be lowered on the Threshold page, "
            "where a second person approves it.",
            code="camera.offset_needs_two",
            http_status=409,
            data={"offset": now},
        )


def _require_range(value: float, bounds: tuple[float, float], *, code: str, what: str) -> None:
    low, high = bounds
    if not (math.isfinite(value) and low <= value <= high):
        raise DomainError(f"{what} is {value:g}; expected {low:g} to {high:g}.", code=code)
