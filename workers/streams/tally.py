"""What happened to each camera since the last report. Public surface: ``CameraTally``, ``Load``,
``added``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.cameras.contracts import CameraYield, HealthReport
from workers.streams.camera import CameraStream
from workers.streams.clocks import Watermark

__all__ = ["CameraTally", "Load", "added"]

_COUNTS: Final = tuple(
    one.name for one in fields(CameraYield) if one.name not in {"camera_id", "at", "losses"}
)

_WARMING_UP: Final = 10


class CameraTally:
    """One camera's figures, and its watermark."""

    def __init__(self) -> None:
        self.watermark = Watermark()
        self.still_at_s = -1e9
        self._reported_s: float | None = None
        self._latencies_ms: list[float] = []
        self._last_frame_at: datetime | None = None

    def looked_at(self, captured_at: datetime, *, latency_ms: float) -> None:
        self._last_frame_at = captured_at
        self._latencies_ms.append(latency_ms)

    def report(self, stream: CameraStream, *, now_s: float, at: datetime) -> HealthReport:
        """What is new since the last one; the counts begin anew."""
        span_s = now_s - self._reported_s if self._reported_s is not None else 0.0
        latencies, measured = self._latencies_ms, stream.measured
        made = HealthReport(
            camera_id=stream.settings.id,
            state=stream.state,
            at=at,
            detail=stream.detail,
            last_frame_at=self._last_frame_at,
            fps=round(stream.decoded / span_s, 2) if span_s > 0 else 0.0,
            latency_ms=round(sum(latencies) / len(latencies), 1) if latencies else None,
            skew_ms=None if measured.skew_ms is None else round(measured.skew_ms, 1),
            width_px=measured.width_px,
            height_px=measured.height_px,
            new_decode_errors=stream.errors,
            new_reconnects=stream.reconnects,
            complete_until=self.watermark.until,
        )
        self._reported_s, self._latencies_ms = now_s, []
        stream.errors = stream.reconnects = stream.decoded = 0
        stream.is_changed = False
        return made


@dataclass(slots=True)
class Load:
    """How much the machine bears: from how long the frames take that are looked at."""

    frame_s: float = 0.0
    _passes: int = 0

    def took(self, seconds: float, *, frames: int) -> None:
        self._passes += 1
        # The first ones make ready what the later ones find made.
        if self._passes <= _WARMING_UP:
            return
        each_s = seconds / frames
        self.frame_s = each_s if self.frame_s == 0.0 else 0.9 * self.frame_s + 0.1 * each_s

    def cameras(self, rates_fps: Iterable[float]) -> int | None:
        """How many cameras like these the machine bears with something to spare."""
        rates = list(rates_fps)
        if not rates or self.frame_s == 0.0:
            return None
        return int(0.8 / self.frame_s / max(sum(rates) / len(rates), 0.01))


def added(yields: Iterable[CameraYield]) -> list[CameraYield]:
    """One for each camera and hour: a row is written once a report, not once a frame."""
    sums: dict[tuple[UUID, datetime], CameraYield] = {}
    for one in yields:
        hour = one.at.replace(minute=0, second=0, microsecond=0)
        before = sums.get((one.camera_id, hour))
        if before is None:
            sums[one.camera_id, hour] = one
            continue
        counts = {name: getattr(before, name) + getattr(one, name) for name in _COUNTS}
        losses = dict(Counter(before.losses) + Counter(one.losses))
        sums[one.camera_id, hour] = CameraYield(one.camera_id, one.at, **counts, losses=losses)
    return list(sums.values())
