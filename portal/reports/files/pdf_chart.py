"""A drawn report on a PDF page. Public surface: ``CHART_HEIGHT``, ``draw_chart``."""

from __future__ import annotations

import re
from typing import Any, Final

from portal.core.chart_parts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from portal.reports.charts.parts import Chart
from portal.reports.files.faces import Faces

__all__ = ["CHART_HEIGHT", "draw_chart"]

# With it, the hours of a day below their chart fill one page, and none is alone on a second.
_SCALE: Final = 0.77
CHART_HEIGHT: Final = HEIGHT * _SCALE
_TONES: Final = {
    "accent": (0.16, 0.36, 0.84),
    "uncertain": (0.78, 0.49, 0.04),
    "unknown": (0.48, 0.37, 0.85),
}
_COMMAND: Final = re.compile(r"([MLHVZ])\s*([-\d. ]*)")


def draw_chart(canvas: Any, faces: Faces, chart: Chart, *, x: float, top: float) -> None:
    """The same geometry as on the screen, whose view box runs downwards."""
    code = canvas
    code.addLiteral(f"q {_SCALE:g} 0 0 {_SCALE:g} {x:.2f} {top - CHART_HEIGHT:.2f} cm")
    for tick in chart.y_ticks:
        y = HEIGHT - float(tick.at)
        if not chart.fields:
            code.addLiteral(f"0.88 0.90 0.93 RG 0.6 w {LEFT} {y:.2f} m {RIGHT} {y:.2f} l S")
        width = faces.width(tick.label, 9)
        _text(code, faces, LEFT - 6 - width, y - 3, tick.label)
    for tick in chart.x_ticks:
        at = float(tick.at) - faces.width(tick.label, 9) / 2
        _text(code, faces, at, HEIGHT - BOTTOM - 14, tick.label)
    for one in chart.fields:
        r, g, b = _shade(one.level)
        y = HEIGHT - float(one.y) - float(one.height)
        code.addLiteral(f"{r:.3f} {g:.3f} {b:.3f} rg {one.x} {y:.2f} {one.width} {one.height} re f")
    for series in chart.series:
        r, g, b = _TONES.get(series.tone, (0.28, 0.32, 0.4))
        dash = "[5 4] 0 d" if series.is_dashed else "[] 0 d"
        paint = "f" if series.area else "S"
        code.addLiteral(f"{r} {g} {b} RG {r} {g} {b} rg 1.6 w {dash} {_path(series.line)} {paint}")
    code.addLiteral(
        f"[] 0 d 0.53 0.57 0.64 RG 0.8 w {LEFT} {HEIGHT - BOTTOM} m {RIGHT} {HEIGHT - BOTTOM} l S"
    )
    _text(code, faces, (LEFT + RIGHT) / 2 - faces.width(chart.x_label, 9) / 2, 6, chart.x_label)
    _text(code, faces, 4, HEIGHT - TOP + 12, chart.y_label)
    _legend(code, faces, chart)
    code.addLiteral("Q")


def _legend(code: Any, faces: Faces, chart: Chart) -> None:
    if len(chart.series) < 2:
        return
    x = WIDTH - 16.0
    for series in reversed(chart.series):
        x -= faces.width(series.name, 9)
        r, g, b = _TONES.get(series.tone, (0.28, 0.32, 0.4))
        _text(code, faces, x, HEIGHT - TOP + 12, series.name)
        x -= 12
        code.addLiteral(f"{r} {g} {b} rg {x:.2f} {HEIGHT - TOP + 12:.2f} 8 6 re f")
        x -= 14


def _text(code: Any, faces: Faces, x: float, y: float, text: str) -> None:
    code.addLiteral(
        f"0.33 0.37 0.44 rg BT 1 0 0 1 {x:.2f} {y:.2f} Tm {faces.operators(text, 9)} ET"
    )


def _shade(level: int) -> tuple[float, float, float]:
    """From the paper's white to the accent."""
    share = level / 8
    r, g, b = _TONES["accent"]
    return 0.96 + (r - 0.96) * share, 0.97 + (g - 0.97) * share, 0.98 + (b - 0.98) * share


def _path(path: str) -> str:
    """The commands that charts use, turned upside down."""
    out, x, y = [], 0.0, 0.0
    for command, numbers in _COMMAND.findall(path):
        values = [float(one) for one in numbers.split()]
        if command in "ML":
            x, y = values
        elif command == "H":
            x = values[0]
        elif command == "V":
            y = values[0]
        if command == "Z":
            out.append("h")
        else:
            out.append(f"{x:.2f} {HEIGHT - y:.2f} {'m' if command == 'M' else 'l'}")
    return " ".join(out)
