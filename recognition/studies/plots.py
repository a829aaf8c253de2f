"""A study as one picture: a figure with its spread along what was varied.

matplotlib is loaded when a figure is drawn, without a display. Public surface: ``Line``,
``save_study``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognition.whole_files import draft_of

__all__ = ["Line", "save_study"]

_SIZE_INCHES = (6.4, 4.4)
_DPI = 110
_COLOURS = ("#0b6e99", "#c4431a", "#4b7f2b", "#8a8a8a")


@dataclass(frozen=True, slots=True)
class Line:
    """Points by rising ``x``; ``low`` and ``high`` are the ends of each interval, or None.

    ``names`` stand beside the points, which are then not joined: they are things, not a course.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    names: Sequence[str] | None = None


def save_study(
    path: Path,
    lines: Sequence[Line],
    *,
    title: str,
    across: str,
    up: str,
    is_logarithmic: bool = False,
    reference: float | None = None,
) -> None:
    """Draw to a PNG, whole or not at all; ``reference`` is the undisturbed case, a dotted line."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9}), draft_of(path, mode=0o644) as draft:
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for line, colour in zip(lines, _COLOURS, strict=False):
            _draw(axes, line, colour)
        if reference is not None:
            axes.axhline(reference, color="#8a8a8a", linestyle=":", linewidth=1, label="untouched")
        if is_logarithmic:
            axes.set_xscale("log")
            axes.set_xticks(
                sorted({x for line in lines for x in line.x}) if _few(lines) else axes.get_xticks()
            )
            axes.minorticks_off()
            axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(_short))
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        axes.set_title(title, loc="left", fontsize=10)
        axes.grid(visible=True, alpha=0.25)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        if len(lines) > 1 or reference is not None:
            axes.legend(frameon=False)
        figure.savefig(draft, dpi=_DPI, format="png", metadata={"Software": None})


def _draw(axes: Any, line: Line, colour: str) -> None:
    spread = None
    if line.low is not None and line.high is not None:
        spread = [
            [max(y - low, 0.0) for y, low in zip(line.y, line.low, strict=True)],
            [max(high - y, 0.0) for y, high in zip(line.y, line.high, strict=True)],
        ]
    style = "none" if line.names is not None else "-"
    axes.errorbar(line.x, line.y, yerr=spread, color=colour, linestyle=style, marker="o",
                  markersize=4, linewidth=1.2, capsize=2, label=line.label)  # fmt: skip
    for name, x, y in zip(line.names or (), line.x, line.y, strict=False):
        axes.annotate(name, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)


def _few(lines: Sequence[Line]) -> bool:
    return all(line.names is None for line in lines) and len(lines[0].x) <= 8


def _short(value: float, _: int) -> str:
    """1,600 as it is, 285 million as 285 M."""
    for unit, name in ((1e9, " G"), (1e6, " M")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:,.10g}"
