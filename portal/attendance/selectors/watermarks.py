"""Up to when everything that the cameras saw is known. Public surface: ``site_marks``,
``silent_cameras``.

Only cameras that Gatehouse fetches from can say so; one that sends its pictures itself may have
nothing to send. A camera that is switched off, or rests outside its hours, holds nothing up.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.attendance.engine import earliest_mark
from portal.cameras.models import Camera, CameraHealth
from portal.core.week import Week
from portal.organisation.models import Site

__all__ = ["silent_cameras", "site_marks"]


def site_marks(site_ids: Collection[UUID] | None, *, now: datetime) -> dict[UUID, datetime | None]:
    """Per site (None: of every site) the instant up to which its attendance cameras have reported
    everything; None where one of them never did, ``now`` where none holds anything up."""
    marks: dict[UUID, list[datetime | None]] = {}
    for camera in _awaited(site_ids, now):
        marks.setdefault(camera.site_id, []).append(_mark(camera))
    ids = Site.objects.values_list("pk", flat=True) if site_ids is None else site_ids
    return {pk: earliest_mark(marks.get(pk, ()), now=now) for pk in ids}


def silent_cameras(
    site_ids: Collection[UUID], *, now: datetime
) -> dict[UUID, list[tuple[str, datetime | None]]]:
    """Per site the names of the cameras that it waits for, each with its mark, earliest first."""
    found: dict[UUID, list[tuple[str, datetime | None]]] = {}
    for camera in _awaited(site_ids, now):
        found.setdefault(camera.site_id, []).append((camera.name, _mark(camera)))
    for cameras in found.values():
        cameras.sort(key=lambda each: (each[1] is not None, each[1] or now, each[0]))
    return found


def _awaited(site_ids: Collection[UUID] | None, now: datetime) -> list[Camera]:
    cameras: QuerySet[Camera] = Camera.objects.filter(
        ~Q(status__state=CameraHealth.State.RESTING) | Q(status=None),
        is_enabled=True,
        is_for_attendance=True,
        kind__in=Camera.LIVE,
    ).select_related("status", "site")
    if site_ids is not None:
        cameras = cameras.filter(site__in=set(site_ids))
    return [
        camera
        for camera in cameras
        if not camera.schedule or Week.of(camera.schedule).covers(now, camera.site.time_zone)
    ]


def _mark(camera: Camera) -> datetime | None:
    status: CameraHealth | None = getattr(camera, "status", None)
    return None if status is None else status.complete_until
