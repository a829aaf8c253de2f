"""Up to when everything that the cameras saw is known. Public surface: ``site_marks``,
``silent_devices``.

A camera that Gatehouse fetches from says so itself. Outside its hours it holds nothing up where it
has told of the hours before; one that failed in them does until it is back. One that sends its
pictures may have nothing to send: only pictures that came and were not looked at yet hold anything
up. Devices that keep what they could not deliver are known to other apps
(``portal.attendance.marks``). A camera that is switched off holds nothing up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from portal.attendance.engine import earliest_mark
from portal.attendance.marks import Mark, registered_marks
from portal.cameras.models import Camera, CameraHealth
from portal.core.week import Week
from portal.organisation.models import Site
from portal.sightings.selectors.worked_off import oldest_waiting

__all__ = ["silent_devices", "site_marks"]


def site_marks(site_ids: Collection[UUID] | None, *, now: datetime) -> dict[UUID, datetime | None]:
    """Per site (None: of every site) the instant up to which everything that counts for attendance
    is known; None where a device never reported, ``now`` where none holds anything up."""
    until: dict[UUID, list[datetime | None]] = {}
    for mark in _marks(site_ids, now):
        until.setdefault(mark.site_id, []).append(mark.until)
    ids = Site.objects.values_list("pk", flat=True) if site_ids is None else site_ids
    return {pk: earliest_mark(until.get(pk, ()), now=now) for pk in ids}


def silent_devices(
    site_ids: Collection[UUID], *, now: datetime
) -> dict[UUID, list[tuple[str, datetime | None]]]:
    """Per site the names of the devices that it waits for, each with its mark, earliest first."""
    found: dict[UUID, list[tuple[str, datetime | None]]] = {}
    for mark in _marks(site_ids, now):
        found.setdefault(mark.site_id, []).append((mark.device, mark.until))
    for devices in found.values():
        devices.sort(key=lambda each: (each[1] is not None, each[1] or now, each[0]))
    return found


def _marks(site_ids: Collection[UUID] | None, now: datetime) -> Iterator[Mark]:
    yield from _of_live_cameras(site_ids, now)
    yield from _of_senders(site_ids)
    yield from registered_marks(site_ids, now=now)


def _of_live_cameras(site_ids: Collection[UUID] | None, now: datetime) -> Iterator[Mark]:
    cameras = _at(site_ids).filter(is_enabled=True, kind__in=Camera.LIVE)
    for camera in cameras.select_related("status", "site"):
        status: CameraHealth | None = getattr(camera, "status", None)
        is_resting = status is not None and status.state == CameraHealth.State.RESTING
        week, zone = Week.of(camera.schedule), camera.site.time_zone
        if camera.kind == Camera.Kind.FILE and (is_resting or not week.covers(now, zone)):
            continue  # it was played to its end, which may be anywhere
        until = None if status is None else status.complete_until
        hours = week.last_stretch(now, zone)
        if hours is not None and hours.end is not None:
            if _has_told(camera, hours.start, hours.end):
                continue
        elif hours is not None and until is not None:
            before = week.last_stretch(hours.start - timedelta.resolution, zone)
            # Where it told of all hours before these, it rested in between.
            if before is not None and _has_told(camera, before.start, before.end or hours.start):
                until = max(until, hours.start)
        yield Mark(camera.site_id, camera.name, until)


def _has_told(camera: Camera, start: datetime, end: datetime) -> bool:
    """Whether nothing of the hours from ``start`` to ``end`` is still to come from ``camera``. What
    would be no fault at any other time is none at their end."""
    status: CameraHealth | None = getattr(camera, "status", None)
    expected = end
    if status is not None and status.state == CameraHealth.State.RESTING:
        # Where that was earlier, it was switched off then, and on again since.
        expected = min(end, status.state_since)
    if expected <= start:
        return True
    if status is None or status.complete_until is None:
        return camera.created_at > start
    return status.complete_until >= expected - camera.silent_after


def _of_senders(site_ids: Collection[UUID] | None) -> Iterator[Mark]:
    waiting = oldest_waiting()
    if waiting:
        for camera in _at(site_ids).filter(pk__in=waiting):
            yield Mark(camera.site_id, camera.name, waiting[camera.pk])


def _at(site_ids: Collection[UUID] | None) -> QuerySet[Camera]:
    cameras = Camera.objects.filter(is_for_attendance=True).order_by()
    return cameras if site_ids is None else cameras.filter(site__in=set(site_ids))
