"""The list of cameras: those in trouble first, each with what its tile shows.

Public surface: ``overview``, ``CameraTile``, ``Overview``, ``STATES``, ``online_count`` with
``OnlineCount``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.cameras.faces import face_source
from portal.cameras.models import Camera, CameraHealth
from portal.cameras.selectors.cameras import visible_cameras
from portal.cameras.selectors.funnel import Hour, last_hours
from portal.core.context import require
from portal.ui.charts import Bar, bars

__all__ = [
    "SPARK_HEIGHT",
    "STATES",
    "CameraTile",
    "OnlineCount",
    "Overview",
    "online_count",
    "overview",
]

SPARK_HEIGHT: Final = 24
# The order of the list; what is amiss comes first.
_ORDER: Final = (
    "offline",
    "refusing",
    "silent",
    "connecting",
    "online",
    "resting",
    "ended",
    "never_seen",
    "disabled",
)
# What the list can be narrowed to.
STATES: Final = {
    "trouble": ("Needs attention", frozenset({"offline", "refusing", "silent"})),
    "online": ("Online", frozenset({"online", "connecting"})),
    "resting": ("At rest", frozenset({"resting", "ended"})),
    "never_seen": ("Never seen", frozenset({"never_seen"})),
    "disabled": ("Disabled", frozenset({"disabled"})),
}


@dataclass(frozen=True, slots=True)
class CameraTile:
    camera: Camera
    state: str
    status: CameraHealth | None
    hours: tuple[Hour, ...]
    face_id: int | None

    @property
    def last_frame_at(self) -> datetime | None:
        return (self.status.last_frame_at if self.status else None) or self.camera.last_seen_at

    @property
    def fps(self) -> float | None:
        return self.status.fps if self.status and self.state == "online" else None

    @property
    def is_troubled(self) -> bool:
        return self.state in STATES["trouble"][1]

    @property
    def faces(self) -> int:
        return sum(hour.faces for hour in self.hours)

    @property
    def spark(self) -> tuple[Bar, ...]:
        return bars([hour.faces for hour in self.hours], height=SPARK_HEIGHT)


@dataclass(frozen=True, slots=True)
class Overview:
    """``total``, ``online`` and ``troubled`` count all of the actor's cameras, ``tiles`` are those
    that were asked for."""

    tiles: tuple[CameraTile, ...]
    total: int
    online: int
    troubled: int


@dataclass(frozen=True, slots=True)
class OnlineCount:
    """``expected`` are those that are switched on and neither at rest nor new; of the others that
    are not online, only ``offline`` are certainly at fault."""

    online: int
    expected: int
    offline: int


def overview(*, site_id: UUID | None = None, state: str = "") -> Overview:
    """``state`` is one of ``STATES``; anything else narrows nothing."""
    cameras = [(camera, camera.health) for camera in visible_cameras()]
    wanted = STATES[state][1] if state in STATES else None
    shown = sorted(
        (
            (camera, health)
            for camera, health in cameras
            if (site_id is None or camera.site_id == site_id)
            and (wanted is None or health in wanted)
        ),
        key=lambda pair: (_ORDER.index(pair[1]), pair[0].name.casefold()),
    )
    ids = [camera.pk for camera, _ in shown]
    hours = last_hours(ids)
    faces = face_source().last_faces(ids)
    trouble = STATES["trouble"][1]
    return Overview(
        tiles=tuple(
            CameraTile(
                camera,
                health,
                getattr(camera, "status", None),
                hours[camera.pk],
                faces.get(camera.pk),
            )
            for camera, health in shown
        ),
        total=len(cameras),
        online=sum(health == "online" for _, health in cameras),
        troubled=sum(health in trouble for _, health in cameras),
    )


def online_count() -> OnlineCount:
    """For the System page, which asks for no single camera."""
    require("system.view")
    states = [
        camera.health
        for camera in Camera.objects.filter(is_enabled=True).select_related("site", "status")
    ]
    return OnlineCount(
        online=states.count("online"),
        expected=sum(state not in {"resting", "ended", "never_seen"} for state in states),
        offline=states.count("offline") + states.count("refusing"),
    )
