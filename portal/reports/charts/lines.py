"""How counts go on from week to week. Public surface: ``lines``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.core.chart_parts import LEFT, RIGHT, Point, Series, Tick, number
from portal.reports.charts.parts import Chart, Scale

__all__ = ["lines"]

_LABELS = 8


def lines(
    series: Sequence[tuple[str, str, Sequence[int]]],
    *,
    labels: Sequence[str],
    words: Sequence[str],
    **said: Any,
) -> Chart:
    """Each of ``series`` is a name, a tone and a value for each label."""
    scale = Scale(max(1, *(max(values) for _, _, values in series)))
    pitch = (RIGHT - LEFT) / len(labels)
    at = [LEFT + (n + 0.5) * pitch for n in range(len(labels))]
    every = -(-len(labels) // _LABELS)
    tallest = [max(values[n] for _, _, values in series) for n in range(len(labels))]
    return Chart(
        x_ticks=tuple(
            Tick(number(x), label)
            for n, (x, label) in enumerate(zip(at, labels, strict=True))
            if n % every == 0
        ),
        y_ticks=scale.ticks(),
        series=tuple(
            Series(name, tone, _path(at, values, scale), is_dashed=number_ > 0)
            for number_, (name, tone, values) in enumerate(series)
        ),
        points=tuple(
            Point(number(x), number(scale.at(top)), said_)
            for x, top, said_ in zip(at, tallest, words, strict=True)
        ),
        start=len(labels) - 1,
        **said,
    )


def _path(at: Sequence[float], values: Sequence[int], scale: Scale) -> str:
    points = [f"{number(x)} {number(scale.at(value))}" for x, value in zip(at, values, strict=True)]
    # One week alone is a dash, since a line of one point shows nothing.
    if len(points) == 1:
        return f"M{number(at[0] - 12)} {number(scale.at(values[0]))}H{number(at[0] + 12)}"
    return "M" + "L".join(points)
