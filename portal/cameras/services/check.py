"""Noticing cameras that fell silent, and raising the watermarks of those that send their pictures.

Public surface: ``check_cameras``, ``raise_watermarks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.cameras.models import Camera, CameraHealth
from portal.cameras.services.announce import announce
from portal.cameras.services.health import FAULTS, enter
from portal.core.week import Week

__all__ = ["check_cameras", "raise_watermarks"]

State = CameraHealth.State

_SILENT = "No picture came any more."
_STREAMS_SILENT = (
    "The process that fetches its pictures gives no sign of life; the System page says more."
)


def check_cameras() -> int:
    """Put every camera into the state that its silence, its switch and its hours call for; returns
    how many changed. Coming back is noted by whoever brings the first picture."""
    now, changed = timezone.now(), 0
    for camera in Camera.objects.select_related("status", "site"):
        if _wanted(camera, getattr(camera, "status", None), now) is not None:
            changed += _put_right(camera, now)
    return changed


def raise_watermarks(until: Mapping[UUID, datetime]) -> None:
    """Everything of these cameras up to these instants is in the database. Never goes back."""
    now = timezone.now()
    for camera_id, instant in until.items():
        reached = min(instant, now)
        CameraHealth.objects.filter(
            Q(complete_until=None) | Q(complete_until__lt=reached), camera=camera_id
        ).update(complete_until=reached)


@transaction.atomic
def _put_right(camera: Camera, now: datetime) -> bool:
    """Looks again with the row locked: a report may have come in between."""
    CameraHealth.objects.bulk_create(
        [CameraHealth(camera=camera, state_since=now)], ignore_conflicts=True
    )
    row = CameraHealth.objects.select_for_update().get(camera=camera)
    wanted = _wanted(camera, row, now)
    if wanted is None:
        return False
    if wanted in FAULTS:
        is_unattended = camera.is_live and now - row.updated_at >= camera.silent_after
        row.detail = _STREAMS_SILENT if is_unattended else row.detail or _SILENT
    else:
        row.detail = ""
    row.fps = 0.0
    changed = enter(row, wanted, at=now)
    row.save()
    if changed:
        announce(camera)
    return changed


def _wanted(camera: Camera, row: CameraHealth | None, now: datetime) -> str | None:
    """The state that the camera is to be in; None where it is right as it is."""
    state = row.state if row is not None else ""
    if not camera.is_enabled or not _is_within_hours(camera, now):
        return State.RESTING if state not in {"", State.RESTING} else None
    if row is None:
        # A camera that sends its pictures by itself and never did is not expected to.
        return State.CONNECTING if camera.is_live else None
    if state == State.RESTING:
        # What its stream says of itself holds: a file may have been played to its end.
        is_told = camera.is_live and now - row.updated_at < camera.silent_after
        return None if is_told else State.CONNECTING
    if state in FAULTS:
        return None
    heard = max(row.last_frame_at or row.state_since, row.state_since)
    # Heard in the future: nobody wrote since the clock was put back.
    return State.OFFLINE if now - heard > camera.silent_after or heard > now else None


def _is_within_hours(camera: Camera, now: datetime) -> bool:
    return not camera.schedule or Week.of(camera.schedule).covers(now, camera.site.time_zone)
