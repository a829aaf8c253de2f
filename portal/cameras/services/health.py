"""How cameras are: what their streams report, and since when. Public surface: ``report_health``,
``enter``, ``FAULTS``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.cameras.contracts import HealthReport
from portal.cameras.models import Camera, CameraHealth
from portal.cameras.services.announce import announce
from portal.cameras.services.funnel import Addition, add_to_hours

__all__ = ["FAULTS", "SEEN_RESOLUTION", "enter", "online_between", "report_health"]

State = CameraHealth.State

# A fault lasts until pictures come again, or are no longer expected: to try anew ends none, so
# that an outage in which a camera is dialled every few seconds stays one outage.
FAULTS: Final = frozenset({State.OFFLINE, State.REFUSED})
# ``Camera.last_seen_at`` is written once in this time, not with every frame.
SEEN_RESOLUTION: Final = timedelta(seconds=5)
# Longer gaps between two signs of life are not counted as time online.
_LONGEST_GAP: Final = timedelta(seconds=30)

_UNSEEN: Final = (
    "Its pictures arrive, and are not looked at. The System page says whether everything runs."
)

_WRITTEN: Final = [
    "state",
    "state_since",
    "detail",
    "last_frame_at",
    "fps",
    "latency_ms",
    "skew_ms",
    "width_px",
    "height_px",
    "decode_errors",
    "reconnects",
    "complete_until",
    "updated_at",
]


@transaction.atomic
def report_health(reports: Sequence[HealthReport]) -> None:
    """Write down what the streams say, in the order given.

    Times in the future are taken for now. A camera that was deleted meanwhile is passed over.
    Raises ``ValueError`` for a state that is not ``CameraHealth.State``.
    """
    now = timezone.now()
    cameras = Camera.objects.in_bulk({report.camera_id for report in reports})
    if not cameras:
        return
    CameraHealth.objects.bulk_create(
        [CameraHealth(camera=camera, state_since=now) for camera in cameras.values()],
        ignore_conflicts=True,
    )
    rows = {
        row.camera_id: row
        for row in CameraHealth.objects.select_for_update()
        .filter(camera__in=cameras)
        .order_by("camera_id")
    }
    additions: list[Addition] = []
    for report in reports:
        row = rows.get(report.camera_id)
        if row is not None:
            additions.append(_apply(report, row, cameras[report.camera_id], now=now))
    CameraHealth.objects.bulk_create(
        rows.values(), update_conflicts=True, unique_fields=["camera"], update_fields=_WRITTEN
    )
    add_to_hours(additions)


def enter(row: CameraHealth, state: str, *, at: datetime) -> bool:
    """Put ``row`` into ``state`` (without saving it); True where it was in another one.

    A fault began when the camera was heard last, and goes on where one follows another.
    """
    if row.state == state or (state == State.CONNECTING and row.state in FAULTS):
        return False
    if state not in FAULTS:
        row.state_since = at
    elif row.state not in FAULTS:
        heard = row.last_frame_at or row.state_since
        row.state_since = min(max(heard, row.state_since), at)
    row.state = State(state)
    return True


def online_between(earlier: datetime | None, later: datetime) -> int:
    """The seconds online that two signs of life vouch for."""
    if earlier is None:
        return 0
    gap = later - earlier
    return round(gap.total_seconds()) if timedelta(0) < gap <= _LONGEST_GAP else 0


def _apply(report: HealthReport, row: CameraHealth, camera: Camera, *, now: datetime) -> Addition:
    at = min(report.at, now)
    _forget_the_future(row, now)
    was_online, heard_before = row.state == State.ONLINE, row.last_frame_at
    if report.last_frame_at is not None:
        row.last_frame_at = _later(row.last_frame_at, min(report.last_frame_at, now))
    state, detail = State(report.state), report.detail
    if state == State.ONLINE and not _is_fresh(row.last_frame_at, camera, at):
        # Connected, but no picture came, or none is looked at: that is not online.
        state = State.CONNECTING
        detail = _UNSEEN if report.fps > 0 else report.detail
    if enter(row, state, at=at):
        announce(camera)
    # To try again says nothing of what went wrong.
    row.detail = detail[:300] or (row.detail if row.state in FAULTS else "")
    row.fps, row.latency_ms, row.skew_ms = report.fps, report.latency_ms, report.skew_ms
    if report.width_px and report.height_px:
        row.width_px, row.height_px = report.width_px, report.height_px
    row.decode_errors += report.new_decode_errors
    row.reconnects += report.new_reconnects
    if report.complete_until is not None:
        row.complete_until = _later(row.complete_until, min(report.complete_until, now))
    _keep_last_seen(camera, row.last_frame_at)
    is_online = was_online and row.state == State.ONLINE and row.last_frame_at is not None
    return Addition(
        camera.pk,
        at,
        {
            "online_s": online_between(heard_before, row.last_frame_at or at) if is_online else 0,
            "decode_errors": report.new_decode_errors,
            "reconnects": report.new_reconnects,
        },
    )


def _forget_the_future(row: CameraHealth, now: datetime) -> None:
    """What was written before the clock was put back must not make an outage look like life."""
    row.state_since = min(row.state_since, now)
    if row.last_frame_at is not None and row.last_frame_at > now:
        row.last_frame_at = None


def _is_fresh(last_frame_at: datetime | None, camera: Camera, at: datetime) -> bool:
    return last_frame_at is not None and at - last_frame_at < camera.silent_after


def _keep_last_seen(camera: Camera, seen_at: datetime | None) -> None:
    known = camera.last_seen_at
    if seen_at is None:
        return
    if known is not None and known <= timezone.now() and seen_at - known < SEEN_RESOLUTION:
        return
    Camera.objects.filter(pk=camera.pk).update(last_seen_at=seen_at)
    camera.last_seen_at = seen_at


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
