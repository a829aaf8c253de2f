"""The histogram of arrivals: when people came first today, as geometry and as words.

Public surface: ``ArrivalChart``, ``arrival_chart``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portal.attendance.selectors.today import Arrivals
from portal.ui.charts import Bar, bars

__all__ = ["ArrivalBar", "ArrivalChart", "HourMark", "arrival_chart"]

_HEIGHT: Final = 100.0
_TEN: Final = 10
_MOST_BARS: Final = 60
# Whole steps of an hour, so that hours stand between bars.
_STEPS_MIN: Final = (10, 20, 30, 60)
_LABELS: Final = 8


@dataclass(frozen=True, slots=True)
class ArrivalBar:
    bar: Bar
    label: str
    is_peak: bool


@dataclass(frozen=True, slots=True)
class HourMark:
    x: str
    label: str


@dataclass(frozen=True, slots=True)
class ArrivalChart:
    """In a view box of ``width`` by ``height``; ``finding`` is the title."""

    finding: str
    step_min: int
    width: str
    height: str
    bars: tuple[ArrivalBar, ...]
    hours: tuple[HourMark, ...]
    total: int
    top: int


def arrival_chart(arrivals: Arrivals) -> ArrivalChart | None:
    """None where nobody came."""
    if not arrivals.total:
        return None
    first = arrivals.by_minute[0][0] // 60 * 60
    end = arrivals.by_minute[-1][0] // 60 * 60 + 60
    step = next((n for n in _STEPS_MIN if (end - first) // n <= _MOST_BARS), 60)
    values = [0] * ((end - first) // step)
    for minute, people in arrivals.by_minute:
        values[(minute - first) // step] += people
    peak = max(range(len(values)), key=values.__getitem__)
    labels = [_span(first + n * step, step) for n in range(len(values))]
    drawn = zip(bars(values, height=_HEIGHT), labels, strict=True)
    every = -(-(end - first) // 60 // _LABELS) or 1
    return ArrivalChart(
        finding=_finding(values[peak], arrivals.total, labels[peak]),
        step_min=step,
        width=f"{len(values) * _TEN}",
        height=f"{_HEIGHT:g}",
        bars=tuple(ArrivalBar(bar, label, n == peak) for n, (bar, label) in enumerate(drawn)),
        hours=tuple(
            HourMark(f"{100 * (minute - first) / (end - first):.2f}", _clock(minute))
            for minute in range(first, end, 60 * every)
        ),
        total=arrivals.total,
        top=max(values),
    )


def _finding(most: int, total: int, span: str) -> str:
    if total == 1:
        return f"One person has come, between {span}"
    if most == total:
        return f"All {total:,} came between {span}"
    return f"Most came between {span}: {most:,} of {total:,}"


def _span(minute: int, step: int) -> str:
    return f"{_clock(minute)} and {_clock(minute + step)}"


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"
