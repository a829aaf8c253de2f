"""Weekdays by hours of the day, the darker the more. Public surface: ``heat_map``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from portal.core.chart_parts import BOTTOM, LEFT, RIGHT, TOP, Point, Tick, number
from portal.reports.charts.parts import Chart, Field

__all__ = ["LEVELS", "heat_map"]

LEVELS: Final = 8
_HOURS: Final = 24


def heat_map(
    values: Sequence[Sequence[float]],
    *,
    rows: Sequence[str],
    words: Callable[[int, int, float], str],
    **said: Any,
) -> Chart:
    """``values`` has a row of 24 for each of ``rows``; ``words`` tell one cell: row, hour, value."""
    high = max((value for row in values for value in row), default=0.0) or 1.0
    tall, wide = (BOTTOM - TOP) / len(rows), (RIGHT - LEFT) / _HOURS
    fields, points = [], []
    for r, row in enumerate(values):
        for hour, value in enumerate(row):
            text = words(r, hour, value)
            level = 0 if value <= 0 else max(1, -int(-value * LEVELS // high))
            x, y = LEFT + hour * wide, TOP + r * tall
            fields.append(
                Field(
                    number(x + 0.5), number(y + 0.5), number(wide - 1), number(tall - 1), level, text
                )
            )  # fmt: skip
            points.append(Point(number(x + wide / 2), number(y + tall / 2), text))
    flat = [value for row in values for value in row]
    return Chart(
        x_ticks=tuple(
            Tick(number(LEFT + hour * wide), f"{hour:02}:00") for hour in range(0, _HOURS, 3)
        ),
        y_ticks=tuple(Tick(number(TOP + (r + 0.5) * tall), name) for r, name in enumerate(rows)),
        fields=tuple(fields),
        points=tuple(points),
        start=max(range(len(flat)), key=lambda n: flat[n]),
        **said,
    )
