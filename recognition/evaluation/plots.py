"""Curves as pictures: PNG or SVG by the file's suffix, each with a title that says the finding.

matplotlib is loaded when a figure is drawn, without a display. Public surface: the names in
``__all__``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.calibration import Reliability
from recognition.evaluation.invariance import SweepPoint
from recognition.evaluation.verification import RocCurve

__all__ = [
    "save_calibration",
    "save_cmc",
    "save_det",
    "save_dir",
    "save_histogram",
    "save_roc",
    "save_sweep",
]

Floats = NDArray[np.float64]

_SIZE_INCHES = (6.4, 4.4)
_DPI = 150
_GENUINE, _IMPOSTOR, _GUIDE = "#0b6e99", "#c4431a", "#8a8a8a"


def save_roc(path: Path, curve: RocCurve, *, title: str) -> None:
    """TMR over FMR, the latter along a logarithm from one impostor comparison upwards."""

    def draw(axes: Any) -> None:
        axes.plot(curve.fmr, curve.tmr, color=_GENUINE, drawstyle="steps-post")
        axes.set_xscale("log")
        axes.set_xlim(0.5 / curve.impostors, 1)
        missed = _errors_without_a_false_match(curve)
        axes.set_ylim(1 - 1.3 * missed, 1 + 0.05 * missed)
        axes.set_xlabel(f"false match rate ({curve.impostors:,} impostor comparisons)")
        axes.set_ylabel(f"true match rate ({curve.genuine:,} genuine comparisons)")

    _save(path, title, draw)


def save_det(path: Path, curve: RocCurve, *, title: str) -> None:
    """FNMR over FMR, both along logarithms; the grey line is where they are equal."""

    def draw(axes: Any) -> None:
        seen = (curve.fmr > 0) & (curve.fnmr > 0)
        axes.plot(curve.fmr[seen], curve.fnmr[seen], color=_GENUINE, drawstyle="steps-post")
        low = 0.5 / max(curve.impostors, curve.genuine)
        axes.plot([low, 1], [low, 1], color=_GUIDE, linewidth=0.8)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(0.5 / curve.impostors, 1)
        axes.set_ylim(0.5 / curve.genuine, 1)
        axes.set_xlabel("false match rate")
        axes.set_ylabel("false non-match rate")

    _save(path, title, draw)


def save_dir(path: Path, curve: RocCurve, *, title: str) -> None:
    """FNIR over FPIR of an open set (``identification_curve``)."""

    def draw(axes: Any) -> None:
        seen = np.isfinite(curve.thresholds)
        axes.plot(curve.fmr[seen], curve.fnmr[seen], color=_GENUINE, drawstyle="steps-post")
        axes.set_xscale("log")
        axes.set_xlim(0.5 / curve.impostors, 1)
        axes.set_ylim(0, 1.3 * _errors_without_a_false_match(curve))
        axes.set_xlabel(f"FPIR: strangers named ({curve.impostors:,} searches)")
        axes.set_ylabel(f"FNIR: enrolled not named ({curve.genuine:,} searches)")

    _save(path, title, draw)


def save_cmc(path: Path, shares: Floats, *, title: str) -> None:
    """The share of searches with the right person among the first k."""

    def draw(axes: Any) -> None:
        axes.plot(np.arange(1, len(shares) + 1), shares, color=_GENUINE, marker="o", markersize=3)
        axes.set_xlabel("rank")
        axes.set_ylabel("right person among the first k")

    _save(path, title, draw)


def save_histogram(
    path: Path, genuine: Floats, impostors: Floats, *, title: str, threshold: float | None = None
) -> None:
    """Both kinds of scores, each as a density; the line is the threshold."""

    def draw(axes: Any) -> None:
        everything = np.concatenate([genuine, impostors])
        everything = everything[np.isfinite(everything)]
        edges = np.linspace(everything.min(), everything.max() + 1e-9, 61)
        for values, colour, label in (
            (impostors, _IMPOSTOR, f"impostors ({len(impostors):,})"),
            (genuine, _GENUINE, f"genuine ({len(genuine):,})"),
        ):
            known = values[np.isfinite(values)]
            axes.hist(known, bins=edges, density=True, alpha=0.6, color=colour, label=label)
        if threshold is not None:
            axes.axvline(threshold, color=_GUIDE, linewidth=1)
        axes.set_xlabel("score")
        axes.set_ylabel("density")
        axes.legend(frameon=False)

    _save(path, title, draw)


def save_calibration(path: Path, curves: Mapping[str, Reliability], *, title: str) -> None:
    """What was true over what was stated, with intervals; the grey line is perfection."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=_GUIDE, linewidth=0.8)
        for (name, found), colour in zip(curves.items(), (_GENUINE, _IMPOSTOR), strict=False):
            stated = [part.mean_stated for part in found.bins]
            true = [part.genuine.count / part.genuine.total for part in found.bins]
            spread = [
                [value - part.genuine.low for value, part in zip(true, found.bins, strict=True)],
                [part.genuine.high - value for value, part in zip(true, found.bins, strict=True)],
            ]
            label = f"{name}, ECE {found.ece:.3f}"
            axes.errorbar(stated, true, np.maximum(spread, 0), color=colour, marker="o",
                          markersize=3, linewidth=1, label=label)  # fmt: skip
        axes.set_xlabel("stated probability of the same person")
        axes.set_ylabel("share that was the same person")
        axes.legend(frameon=False)

    _save(path, title, draw)


def save_sweep(path: Path, points: Sequence[SweepPoint], *, title: str, unit: str) -> None:
    """Likeness to the untouched picture along one kind of change, and the share still found."""

    def draw(axes: Any) -> None:
        seen = [point for point in points if point.mean is not None]
        values = [point.value for point in seen]
        axes.plot(values, [p.mean for p in seen], color=_GENUINE, label="mean cosine")
        axes.plot(values, [p.low for p in seen], color=_GENUINE, linestyle=":", label="5 % lowest")
        axes.plot(
            [point.value for point in points],
            [point.found / point.pictures for point in points],
            color=_IMPOSTOR,
            linestyle="--",
            label="face found",
        )
        if any(point.accuracy is not None for point in points):
            judged = [point for point in points if point.accuracy is not None]
            axes.plot([p.value for p in judged], [p.accuracy for p in judged], color="black",
                      label="accuracy of pairs")  # fmt: skip
        axes.set_ylim(top=1.02)
        axes.set_xlabel(unit)
        axes.legend(frameon=False)

    _save(path, title, draw)


def _errors_without_a_false_match(curve: RocCurve) -> float:
    """The curve's largest error worth drawing, at least 1 %, at most all of them."""
    at_best = float(curve.fnmr[curve.fmr == 0].min())
    return min(max(at_best, 0.01), 1 / 1.3)


def _save(path: Path, title: str, draw: Callable[[Any], None]) -> None:
    """Raises ``ValueError`` for a suffix other than ``.png`` and ``.svg``."""
    if path.suffix.lower() not in {".png", ".svg"}:
        raise ValueError(f"{path.name} is no picture that is drawn here; expected .png or .svg")
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Fixed ids and no date: the same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "gatehouse", "font.size": 9}):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        draw(axes)
        axes.set_title(title, loc="left", fontsize=10)
        axes.grid(visible=True, which="major", alpha=0.25)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        undated = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
        figure.savefig(path, dpi=_DPI, metadata=undated)
