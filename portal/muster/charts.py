"""The curve of a roll-call: how many were safe after how long, as geometry and as words.

Public surface: ``Curve``, ``curve_of``, ``duration``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from portal.muster.selectors import Report

__all__ = ["Curve", "Tick", "curve_of", "duration"]

WIDTH: Final = 720
HEIGHT: Final = 240
_LEFT: Final = 44
_RIGHT: Final = 12
_TOP: Final = 12
_BOTTOM: Final = 34
# Whole steps that a clock is read in, in seconds.
_STEPS_S: Final = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_TICKS: Final = 7


@dataclass(frozen=True, slots=True)
class Tick:
    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    finding: str
    width: int
    height: int
    # A line of steps, and the same closed for the area below it.
    line: str
    area: str
    times: tuple[Tick, ...]
    people: tuple[Tick, ...]
    left: int
    right: int
    bottom: int
    top: int
    # Where everybody would be safe.
    goal_y: str


def curve_of(report: Report) -> Curve | None:
    """None where nobody was ever safe."""
    due = report.counts.safe + report.counts.missing
    if not report.times or not due:
        return None
    lasted = report.lasted or report.times[-1]
    end_s = max(report.times[-1].total_seconds(), lasted.total_seconds(), 1.0)
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def x(seconds: float) -> float:
        return _LEFT + (right - _LEFT) * seconds / end_s

    def y(people: int) -> float:
        return bottom - (bottom - _TOP) * people / due

    points = [(x(0), y(0))]
    for count, time in enumerate(report.times, start=1):
        across = x(time.total_seconds())
        points += [(across, y(count - 1)), (across, y(count))]
    points.append((x(end_s), y(len(report.times))))
    line = _thinned(points)
    step = next((s for s in _STEPS_S if end_s / s <= _MOST_TICKS), _STEPS_S[-1])
    area = " ".join((f"{_LEFT},{bottom}", line, f"{right},{bottom}"))
    return Curve(
        finding=_finding(report),
        width=WIDTH,
        height=HEIGHT,
        line=line,
        area=area,
        times=tuple(Tick(f"{x(at):.1f}", _clock(at)) for at in range(0, int(end_s) + 1, step)),
        people=tuple(Tick(f"{y(n):.1f}", f"{n:,}") for n in sorted({0, due // 2, due})),
        left=_LEFT,
        right=right,
        bottom=bottom,
        top=_TOP,
        goal_y=f"{y(due):.1f}",
    )


def duration(time: timedelta) -> str:
    """ "40 s", "6 min 20 s", "1 h 5 min"."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        minutes, rest = divmod(seconds, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _finding(report: Report) -> str:
    safe, missing = report.counts.safe, report.counts.missing
    if not missing:
        everybody = "The one person" if safe == 1 else f"All {safe:,}"
        return f"{everybody} safe after {duration(report.times[-1])}"
    return f"{safe:,} of {safe + missing:,} safe; {missing:,} never accounted for"


def _clock(seconds: int) -> str:
    if seconds >= 3600:
        return (
            f"{seconds // 3600} h {seconds % 3600 // 60:02d}"
            if seconds % 3600
            else (f"{seconds // 3600} h")
        )
    return f"{seconds // 60}:{seconds % 60:02d}"


def _thinned(points: list[tuple[float, float]]) -> str:
    """Without the points that lie on another one of the picture."""
    kept: list[str] = []
    for across, up in points:
        text = f"{across:.1f},{up:.1f}"
        if not kept or kept[-1] != text:
            kept.append(text)
    return " ".join(kept)
