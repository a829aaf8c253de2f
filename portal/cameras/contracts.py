"""What crosses the border between the camera streams and the portal. Frozen, no ORM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from portal.core.week import Week

__all__ = ["CameraSettings", "CameraYield", "HealthReport"]


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """All that a stream and the visits need of a camera. ``address`` is open here and nowhere
    else: it must reach no log, no answer and no page. That of a video file is a name for
    ``portal.cameras.videos.video_path``."""

    id: UUID
    site_id: UUID
    name: str
    kind: str
    revision: int
    time_zone: str
    address: str = field(default="", repr=False)
    verifies_certificate: bool = True
    direction: str = "none"
    region: tuple[tuple[float, float], ...] = ()
    min_face_px: int = 0
    threshold_offset: float = 0.0
    rate_fps: float = 5.0
    schedule: Week = field(default_factory=Week)


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How one camera is, as its stream sees it. Counts are those since the last report."""

    camera_id: UUID
    state: str
    at: datetime
    detail: str = ""
    last_frame_at: datetime | None = None
    fps: float = 0.0
    latency_ms: float | None = None
    skew_ms: float | None = None
    width_px: int = 0
    height_px: int = 0
    new_decode_errors: int = 0
    new_reconnects: int = 0
    # Everything seen before is in the database; None leaves the watermark where it is.
    complete_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CameraYield:
    """What one camera's pictures came to; counts to be added to the hour of ``at``."""

    camera_id: UUID
    at: datetime
    frames: int = 0
    faces: int = 0
    usable_faces: int = 0
    visits: int = 0
    usable_visits: int = 0
    recognised_visits: int = 0
    uncertain_visits: int = 0
    stranger_visits: int = 0
    losses: Mapping[str, int] = field(default_factory=dict)


def points(value: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    """A region as it is stored, ``[[x, y], …]``, in a form that can be hashed."""
    return tuple((float(x), float(y)) for x, y in value)
