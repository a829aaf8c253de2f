"""Counts side by side. Public surface: ``bars``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.core.chart_parts import BOTTOM, LEFT, RIGHT, Point, Series, Tick, number
from portal.reports.charts.parts import Chart, Scale

__all__ = ["bars"]

_LABELS = 9


def bars(
    values: Sequence[int], *, labels: Sequence[str], words: Sequence[str], name: str, **said: Any
) -> Chart:
    """``labels`` are of the left edge of each bar, ``words`` what each is read out as."""
    pitch = (RIGHT - LEFT) / len(values)
    scale = Scale(max(values))
    every = -(-len(values) // _LABELS)
    path = "".join(
        f"M{number(LEFT + n * pitch + 0.6)} {number(BOTTOM)}V{number(scale.at(value))}"
        f"H{number(LEFT + (n + 1) * pitch - 0.6)}V{number(BOTTOM)}Z"
        for n, value in enumerate(values)
        if value
    )
    return Chart(
        x_ticks=tuple(
            Tick(number(LEFT + n * pitch), label)
            for n, label in enumerate(labels)
            if n % every == 0
        ),
        y_ticks=scale.ticks(),
        series=(Series(name, "accent", path, area=path),),
        points=tuple(
            Point(number(LEFT + (n + 0.5) * pitch), number(scale.at(value)), said_)
            for n, (value, said_) in enumerate(zip(values, words, strict=True))
        ),
        start=max(range(len(values)), key=lambda n: values[n]),
        **said,
    )
