"""Somebody's scores, or a camera's, day by day, with the means before and after they fell.

Public surface: ``draw``, ``DayLike``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from django.utils.formats import date_format

from portal.calibration.charts.axes import Linear
from portal.calibration.charts.parts import Chart, Line, curve, thinned
from portal.core.chart_parts import BOTTOM, LEFT, RIGHT, TOP, Point, Series, Tick, number

__all__ = ["DayLike", "draw"]

_LABEL = 14.0


class DayLike(Protocol):
    @property
    def day(self) -> date: ...
    @property
    def score(self) -> float: ...
    @property
    def faces(self) -> int: ...


def draw(
    days: Sequence[DayLike],
    *,
    key: str,
    title: str,
    before: float,
    after: float,
    since: date,
    is_camera: bool,
) -> Chart:
    """``days`` are two or more, oldest first."""
    first, last = days[0].day.toordinal(), days[-1].day.toordinal()
    scores = [*(one.score for one in days), before, after]
    # The last day's label is as wide as the others'.
    x = Linear(first, last, LEFT, RIGHT - _LABEL)
    y = Linear(min(scores) - 0.05, max(scores) + 0.05, BOTTOM, TOP, most=4)
    fell = x.at(since.toordinal())
    rows = tuple((one.day.isoformat(), f"{one.score:.4f}", str(one.faces)) for one in days)
    shown = tuple((_day(one.day), f"{one.score:.2f}", str(one.faces)) for one in days)
    return Chart(
        key=key,
        title=title,
        summary=(
            "Each dot is the mean of one day's visits"
            + (", each person's about their own mean at this camera" if is_camera else "")
            + f". The lines are the means before ({before:.2f}) and after ({after:.2f})."
        ),
        x_label="Day",
        y_label="Score (cosine similarity)",
        x_ticks=_day_ticks(x, first, last),
        y_ticks=y.ticks(),
        series=(
            Series(
                "Each day",
                "neutral",
                curve((x.at(one.day.toordinal()), y.at(one.score)) for one in days),
            ),
            *(
                (Series("Mean before", "match", _level(LEFT, fell, at=y.at(before))),)
                if fell > LEFT
                else ()
            ),
            Series("Mean after", "uncertain", _level(fell, RIGHT - _LABEL, at=y.at(after))),
        ),
        points=tuple(
            Point(
                number(x.at(one.day.toordinal())),
                number(y.at(one.score)),
                f"{_day(one.day)}: {one.score:.2f}, {one.faces} visit{'' if one.faces == 1 else 's'}",
            )
            for one in days
        ),
        head=("Day", "Mean score", "Visits"),
        rows=rows,
        shown=thinned(shown, most=60),
        lines=(
            Line(
                f"since {_day(since)}",
                "neutral",
                x=number(fell),
                is_dashed=True,
                anchor="end" if fell > (LEFT + RIGHT) / 2 else "start",
                label_x=number(fell - 6 if fell > (LEFT + RIGHT) / 2 else fell + 6),
                label_y=number(TOP - 8),
            ),
        ),
        start=len(days) - 1,
    )


def _level(start: float, end: float, *, at: float) -> str:
    return curve([(start, at), (end, at)])


def _day_ticks(x: Linear, first: int, last: int) -> tuple[Tick, ...]:
    """At most five whole days, evenly apart."""
    count = min(5, last - first + 1)
    steps = max(count - 1, 1)
    days = sorted({first + round(k * (last - first) / steps) for k in range(count)})
    return tuple(Tick(number(x.at(day)), date_format(date.fromordinal(day), "j M")) for day in days)


def _day(day: date) -> str:
    return date_format(day, "j F Y")
