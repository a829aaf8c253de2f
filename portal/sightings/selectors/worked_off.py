"""Up to when everything that a camera sent is worked off.

Public surface: ``oldest_waiting``, ``worked_off_until``. Nobody's rights are asked for: workers do,
and attendance, which shows no picture.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Min, QuerySet
from django.utils import timezone

from portal.cameras.models import Camera
from portal.sightings.models import Recognition

__all__ = ["oldest_waiting", "worked_off_until"]

_WAITING: Final = (Recognition.State.QUEUED, Recognition.State.RUNNING)
# Cameras that sent within this time are looked at together, others one by one.
_LATELY: Final = timedelta(minutes=1)
# A camera that was silent for longer has long been looked at.
_LONG_AGO: Final = timedelta(days=1)
# The last picture of a camera came this long after ``last_seen_at`` at most, which is not written
# with every picture.
_SEEN_LAG: Final = timedelta(seconds=15)


def oldest_waiting() -> dict[UUID, datetime]:
    """By camera that sends its pictures itself: when the oldest was taken that nobody has looked at
    yet. Cameras without such a picture are left out."""
    senders = Camera.objects.exclude(kind__in=Camera.LIVE)
    waiting = Recognition.objects.filter(state__in=_WAITING, camera__in=senders).order_by()
    return dict(
        waiting.values("camera").annotate(oldest=Min("captured_at")).values_list("camera", "oldest")
    )


def worked_off_until() -> dict[UUID, datetime]:
    """By camera that sends its pictures itself: when the oldest was taken that still waits, or
    when the newest was taken where none waits."""
    now = timezone.now()
    senders = Camera.objects.exclude(kind__in=Camera.LIVE)
    lately_seen = senders.filter(last_seen_at__gt=now - _LONG_AGO)
    seen = {
        camera_id: last
        for camera_id, last in lately_seen.values_list("pk", "last_seen_at")
        if last is not None
    }
    until = oldest_waiting()
    idle = seen.keys() - until.keys()
    lately = {camera_id for camera_id in idle if seen[camera_id] > now - _LATELY}
    if lately:
        until |= _newest(_since(now - _LATELY - _SEEN_LAG), lately)
    for camera_id in idle - lately:
        last = seen[camera_id]
        until |= _newest(
            _since(last - _SEEN_LAG).filter(created_at__lt=last + _SEEN_LAG), {camera_id}
        )
    return until


def _since(instant: datetime) -> QuerySet[Recognition]:
    return Recognition.objects.filter(created_at__gte=instant)


def _newest(rows: QuerySet[Recognition], cameras: Collection[UUID]) -> dict[UUID, datetime]:
    """The cameras are picked out here and not by the query: with them in it, SQLite reads all that
    they ever sent instead of these few seconds."""
    newest: dict[UUID, datetime] = {}
    for camera_id, captured_at in rows.order_by().values_list("camera_id", "captured_at"):
        if camera_id in cameras:
            known = newest.get(camera_id, captured_at)
            newest[camera_id] = max(known, captured_at)
    return newest
