"""What a camera yields: people → usable → recognised, the reasons of loss, faces by the hour.

Public surface: ``PERIODS``, ``LABELS``, ``funnel_of`` with ``Funnel``, ``Step`` and ``Loss``,
``funnels_since``, ``last_hours``, ``Hour``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from portal.cameras.losses import BELOW_MIN_SIZE, OUTSIDE_REGION, VISIT_REASONS
from portal.cameras.models import Camera, CameraHour
from portal.core.context import require
from recognition.decision import REASON_TEXT

__all__ = [
    "HOURS",
    "LABELS",
    "PERIODS",
    "Funnel",
    "Hour",
    "Loss",
    "Step",
    "funnel_of",
    "funnels_since",
    "last_hours",
]

# Days that a period reaches back, today included.
PERIODS: Final = {"today": ("Today", 1), "week": ("7 days", 7)}
HOURS: Final = 24

_TEXTS: Final = {str(code): text for code, text in REASON_TEXT.items()}
# Where the code alone says too little.
LABELS: Final = {
    "grey_band": "Nearly similar enough",
    "too_close": "Two people almost equally similar",
    "lookalike": "Somebody else enrolled looks very much like them",
    "below_grey_band": "Nobody similar enough",
    "empty_gallery": "Nobody enrolled",
    OUTSIDE_REGION: "Outside the region",
    BELOW_MIN_SIZE: "Smaller than asked for",
}


class _Bar:
    """How long a share is drawn, and said."""

    __slots__ = ()
    share: float

    @property
    def width(self) -> str:
        return f"{min(1.0, self.share) * 100:.1f}%"

    @property
    def percent(self) -> str:
        return f"{min(1.0, self.share):.0%}"


@dataclass(frozen=True, slots=True)
class Step(_Bar):
    """One bar of the funnel: how many are left, of the first bar and of the bar before."""

    label: str
    count: int
    share: float
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Loss(_Bar):
    """Faces, or people, lost for one reason, and the share of all that were lost."""

    code: str
    count: int
    share: float

    @property
    def label(self) -> str:
        return LABELS.get(self.code) or self.code.replace("_", " ").capitalize()

    @property
    def text(self) -> str:
        return "" if self.code in LABELS else _TEXTS.get(self.code, "")


@dataclass(frozen=True, slots=True)
class Funnel:
    since: datetime
    frames: int = 0
    faces: int = 0
    usable_faces: int = 0
    visits: int = 0
    usable_visits: int = 0
    recognised_visits: int = 0
    uncertain_visits: int = 0
    stranger_visits: int = 0
    online_s: int = 0
    losses: dict[str, int] = field(default_factory=dict)

    @property
    def people(self) -> tuple[Step, ...]:
        """From everybody who passed to those with a name; strangers are rightly without one."""
        return (
            _step("People seen", self.visits, self.visits),
            _step("With a face good enough", self.usable_visits, self.visits),
            _step("Recognised", self.recognised_visits, self.visits, "match"),
        )

    @property
    def others(self) -> tuple[Step, ...]:
        """What became of those who were good enough and not recognised."""
        return (
            _step("To be confirmed", self.uncertain_visits, self.visits, "uncertain"),
            _step("Strangers", self.stranger_visits, self.visits, "unknown"),
        )

    @property
    def face_steps(self) -> tuple[Step, ...]:
        return (
            _step("Faces seen", self.faces, self.faces),
            _step("Good enough to compare", self.usable_faces, self.faces),
        )

    @property
    def ranked_losses(self) -> tuple[Loss, ...]:
        """Of faces."""
        return _ranked({c: n for c, n in self.losses.items() if c not in VISIT_REASONS})

    @property
    def ranked_reasons(self) -> tuple[Loss, ...]:
        """Why people with a face good enough were not recognised."""
        return _ranked({c: n for c, n in self.losses.items() if c in VISIT_REASONS})

    @property
    def finding(self) -> str:
        """The title of the figure, which says what it shows."""
        if not self.visits:
            return "Nobody was seen"
        noun = "person" if self.visits == 1 else "people"
        return f"{self.recognised_visits:,} of {self.visits:,} {noun} recognised"


@dataclass(frozen=True, slots=True)
class Hour:
    start: datetime
    faces: int


def funnel_of(camera: Camera, period: str) -> Funnel:
    """Of one of ``PERIODS``, as the days are where the camera is. Hours are counted in UTC, so
    that in zones between two of them the first day begins up to 45 minutes early."""
    require("cameras.view")
    midnight = (
        timezone.now()
        .astimezone(ZoneInfo(camera.site.time_zone))
        .replace(hour=0, minute=0, second=0, microsecond=0)
    )
    since = (midnight - timedelta(days=PERIODS[period][1] - 1)).astimezone(UTC)
    return funnels_since([camera.pk], since)[camera.pk]


def funnels_since(camera_ids: Collection[UUID], since: datetime) -> dict[UUID, Funnel]:
    """Of each of these cameras since that hour."""
    require("cameras.view")
    sums: dict[UUID, Counter[str]] = {camera_id: Counter() for camera_id in camera_ids}
    losses: dict[UUID, Counter[str]] = {camera_id: Counter() for camera_id in camera_ids}
    rows = CameraHour.objects.filter(camera__in=camera_ids, hour__gte=since.replace(minute=0))
    for row in rows.order_by().values("camera_id", "losses", "online_s", *CameraHour.COUNTS):
        camera_id = row.pop("camera_id")
        losses[camera_id].update(row.pop("losses"))
        sums[camera_id].update(row)
    return {
        camera_id: Funnel(since, losses=dict(losses[camera_id]), **sums[camera_id])
        for camera_id in camera_ids
    }


def last_hours(camera_ids: Collection[UUID]) -> dict[UUID, tuple[Hour, ...]]:
    """Faces in each of the last ``HOURS`` hours, oldest first; the last is not over yet."""
    require("cameras.view")
    this_hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    starts = [this_hour - timedelta(hours=HOURS - 1 - number) for number in range(HOURS)]
    rows = CameraHour.objects.filter(camera__in=camera_ids, hour__gte=starts[0])
    found = {
        (camera_id, hour): faces
        for camera_id, hour, faces in rows.values_list("camera_id", "hour", "faces")
    }
    return {
        camera_id: tuple(Hour(start, found.get((camera_id, start), 0)) for start in starts)
        for camera_id in camera_ids
    }


def _ranked(losses: Mapping[str, int]) -> tuple[Loss, ...]:
    total = sum(losses.values())
    ranked = sorted(losses.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Loss(code, count, count / total) for code, count in ranked if count)


def _step(label: str, count: int, first: int, tone: str = "") -> Step:
    return Step(label, count, count / first if first else 0.0, tone)
