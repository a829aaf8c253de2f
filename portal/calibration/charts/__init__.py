"""The three pictures of a measurement, as geometry: drawn on the page, in a file, and as a table.

Public surface: ``charts_of``, ``chart_of``, ``CHARTS``, ``Chart``, ``as_csv``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Final

from portal.calibration.charts import det, distributions, sizes
from portal.calibration.charts.parts import Chart
from portal.calibration.figures import Figures

__all__ = ["CHARTS", "Chart", "as_csv", "chart_of", "charts_of"]

CHARTS: Final[Mapping[str, Callable[[Figures], Chart | None]]] = {
    "scores": distributions.draw,
    "det": det.draw,
    "sizes": sizes.draw,
}


def charts_of(figures: Figures) -> tuple[Chart, ...]:
    """Those for which there is something to draw."""
    drawn = (draw(figures) for draw in CHARTS.values())
    return tuple(chart for chart in drawn if chart is not None)


def chart_of(figures: Figures, key: str) -> Chart | None:
    """None for a key that is no chart's, and where there is nothing to draw."""
    draw = CHARTS.get(key)
    return draw(figures) if draw is not None else None


def as_csv(chart: Chart) -> str:
    """Every value, with points whatever the language."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(chart.head)
    writer.writerows(chart.rows)
    return out.getvalue()
