"""What a chart of the calibration is made of, whoever draws it: page, file, or table behind it.

Public surface: ``Chart`` and what it has beside the parts of every chart, ``curve``, ``thinned``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.core.chart_parts import Point, Series, Tick, number

__all__ = ["Band", "Chart", "Line", "Mark", "curve", "thinned"]


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the horizontal axis."""

    x: str
    width: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """Across the plot: at ``x`` from top to bottom, or at ``y`` from side to side."""

    name: str
    tone: str
    x: str = ""
    y: str = ""
    is_dashed: bool = False
    anchor: str = "start"
    label_x: str = ""
    label_y: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One point that matters, with its name beside it."""

    x: str
    y: str
    name: str
    tone: str
    anchor: str = "start"
    label_x: str = ""
    label_y: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """``title`` says the finding, ``summary`` how to read it. ``rows`` are all values, as files
    have them; ``shown`` those of the table on the page."""

    key: str
    title: str
    summary: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...]
    points: tuple[Point, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shown: tuple[tuple[str, ...], ...]
    bands: tuple[Band, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    # Where the one series is an area with a low and a high side.
    ribbon: str = ""
    start: int = 0


def curve(points: Iterable[tuple[float, float]]) -> str:
    """A path through these points of the view box."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def thinned(rows: Sequence[tuple[str, ...]], *, most: int = 24) -> tuple[tuple[str, ...], ...]:
    """Evenly spread rows, the last among them."""
    if len(rows) <= most:
        return tuple(rows)
    step = (len(rows) - 1) / (most - 1)
    return tuple(rows[round(k * step)] for k in range(most))
