"""Signs of life of cameras that send their pictures. Public surface: ``note_snapshot``."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from portal.cameras.meter import RateMeter
from portal.cameras.models import Camera, CameraHealth
from portal.cameras.services.announce import announce
from portal.cameras.services.funnel import add_online
from portal.cameras.services.health import SEEN_RESOLUTION, enter, online_between

__all__ = ["note_snapshot"]

State = CameraHealth.State

# Pictures that this process took in, by camera: of several web processes each knows its own.
_meters: dict[UUID, RateMeter] = {}


def note_snapshot(camera: Camera, *, at: datetime, captured_at: datetime | None = None) -> None:
    """Remember that the camera lives; announces the change from silent to online.

    ``captured_at`` is what the sender's clock said, unaltered. Most calls touch no row: a busy
    camera is written once in ``SEEN_RESOLUTION``.
    """
    meter = _meters.setdefault(camera.pk, RateMeter())
    meter.note(at.timestamp())
    seen_before = camera.last_seen_at
    # A time in the future was noted before the clock was put right: it must not hold up this one.
    if seen_before is not None and seen_before <= at < seen_before + SEEN_RESOLUTION:
        return
    health = camera.health
    # What comes outside its hours is taken, and is no reason to expect more.
    state = State.RESTING if health == "resting" else State.ONLINE
    measured = {
        "last_frame_at": at,
        "fps": meter.per_second(at.timestamp()),
        **_delays(at, captured_at),
    }
    with transaction.atomic():
        due = Q(last_seen_at=None) | Q(last_seen_at__lte=at - SEEN_RESOLUTION)
        due |= Q(last_seen_at__gt=at)
        if not Camera.objects.filter(due, pk=camera.pk).update(last_seen_at=at):
            return  # another process noted it in this moment
        camera.last_seen_at = at
        kept = CameraHealth.objects.filter(camera=camera, state=state)
        goes_on = health == state.value and kept.update(updated_at=at, **measured)
        if not goes_on:
            _enter(camera, state, at=at, measured=measured)
        elif state == State.ONLINE and (online_s := online_between(seen_before, at)):
            add_online(camera.pk, at, online_s)


def _enter(camera: Camera, state: str, *, at: datetime, measured: dict[str, Any]) -> None:
    CameraHealth.objects.bulk_create(
        [CameraHealth(camera=camera, state_since=at)], ignore_conflicts=True
    )
    row = CameraHealth.objects.select_for_update().get(camera=camera)
    if not enter(row, state, at=at):
        # Silent for long, but nobody looked meanwhile.
        row.state_since = at
    row.detail = ""
    for name, value in measured.items():
        setattr(row, name, value)
    row.save()
    announce(camera)


def _delays(at: datetime, captured_at: datetime | None) -> dict[str, float | None]:
    """How late the picture came; or, where it was taken in the future, how far the sender's clock
    is ahead at least. A clock that is behind cannot be told from a picture that was kept back."""
    if captured_at is None:
        return {"latency_ms": None, "skew_ms": None}
    late_ms = (at - captured_at).total_seconds() * 1000
    if late_ms < 0:
        return {"latency_ms": None, "skew_ms": -late_ms}
    return {"latency_ms": late_ms, "skew_ms": None}
