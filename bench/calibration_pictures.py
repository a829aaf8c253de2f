"""The figures of docs/calibration.md as small SVG files. Public surface: ``draw_pictures``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.calibration import (
    Calibration,
    Evidence,
    FpirEstimate,
    Wish,
    calibrate,
    default_sizes,
    det_curve,
    fpir_by_size,
)
from recognition.decision import DecisionPolicy

__all__ = ["draw_pictures"]

Floats = NDArray[np.float64]

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 28, 40, 48
_BLUE, _RED, _GREY, _INK = "#0b6e99", "#c4431a", "#8a8a8a", "#222222"


class _Trial(Protocol):
    @property
    def estimate(self) -> FpirEstimate: ...
    @property
    def counted(self) -> float: ...
    @property
    def searches(self) -> int: ...


def _axes() -> str:
    corner = f"M{_LEFT} {_TOP}V{_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}"
    return f'<path d="{corner}" fill="none" stroke="{_GREY}"/>'


class _Chart:
    """One set of axes; x and y are mapped to pixels by the two functions given."""

    def __init__(self, title: str, *, x: tuple[float, float], y: tuple[float, float]) -> None:
        self._x, self._y, self._title = x, y, title
        self._parts = [
            f'<text x="{_LEFT}" y="22" font-size="15" font-weight="600">{title}</text>',
            _axes(),
        ]

    def at(self, x: float, y: float) -> tuple[float, float]:
        (left, right), (low, high) = self._x, self._y
        across = _LEFT + (x - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)
        down = _HEIGHT - _BOTTOM - (y - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return round(across, 1), round(down, 1)

    def ticks(self, *, x: Mapping[float, str], y: Mapping[float, str], label: str) -> None:
        for value, text in x.items():
            across, _ = self.at(value, self._y[0])
            self._parts.append(
                f'<text x="{across}" y="{_HEIGHT - 30}" text-anchor="middle">{text}</text>'
            )
        for value, text in y.items():
            _, down = self.at(self._x[0], value)
            self._parts.append(
                f'<text x="{_LEFT - 8}" y="{down + 4}" text-anchor="end">{text}</text>'
                f'<path d="M{_LEFT} {down}H{_WIDTH - _RIGHT}" stroke="{_GREY}" opacity=".25"/>'
            )
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        self._parts.append(
            f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{label}</text>'
        )

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False
    ) -> None:
        path = "L".join("{} {}".format(*self.at(*point)) for point in points)
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self._parts.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
        )

    def area(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        path = "L".join("{} {}".format(*self.at(*point)) for point in points)
        self._parts.append(f'<path d="M{path}Z" fill="{colour}" opacity=".35"/>')

    def dot(self, x: float, y: float, colour: str) -> None:
        across, down = self.at(x, y)
        self._parts.append(f'<circle cx="{across}" cy="{down}" r="2.4" fill="{colour}"/>')

    def bar(self, x: float, low: float, high: float, colour: str) -> None:
        across, bottom = self.at(x, low)
        _, top = self.at(x, high)
        self._parts.append(
            f'<path d="M{across} {bottom}V{top}" stroke="{colour}" stroke-width="2"/>'
        )

    def text(self, x: float, y: float, text: str, colour: str) -> None:
        across, down = self.at(x, y)
        self._parts.append(f'<text x="{across}" y="{down}" fill="{colour}">{text}</text>')

    def save(self, path: Path) -> None:
        body = "\n".join(self._parts)
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'font-family="sans-serif" font-size="12" fill="{_INK}" role="img">\n'
            f"<title>{self._title}</title>\n"
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n',
            encoding="utf-8",
        )


def draw_pictures(
    folder: Path, evidence: Evidence, trials: Mapping[int, Sequence[Any]], *, wish: float
) -> None:
    """``calibration-scores.svg``, ``-threshold.svg``, ``-growth.svg`` and ``-promise.svg``."""
    found = calibrate(evidence, wish=Wish(wish), policy=DecisionPolicy(threshold=0.5))
    if not isinstance(found, Calibration):
        raise SystemExit("too little evidence to draw")
    folder.mkdir(parents=True, exist_ok=True)
    _scores(folder / "calibration-scores.svg", evidence, found)
    _threshold(folder / "calibration-threshold.svg", evidence, found)
    _growth(folder / "calibration-growth.svg", found)
    size = sorted(trials)[len(trials) // 2]
    _promise(folder / "calibration-promise.svg", trials[size], size=size)


def _scores(path: Path, evidence: Evidence, found: Calibration) -> None:
    """Best scores of strangers' searches, and own scores of the enrolled."""
    chart = _Chart(
        "Strangers score far lower than the enrolled, but a few come near",
        x=(0.1, 1.0),
        y=(0, 0.21),
    )
    edges = np.linspace(0.1, 1.0, 61)
    strangers = evidence.strangers.scores
    for values, colour in ((strangers, _RED), (evidence.mated.own_scores, _BLUE)):
        shares = np.histogram(values, edges)[0] / len(values)
        steps = [
            (float(x), float(y))
            for left, right, y in zip(edges, edges[1:], shares, strict=False)
            for x in (left, right)
        ]
        chart.area([(0.1, 0.0), *steps, (1.0, 0.0)], colour)
    chart.line([(found.threshold, 0.0), (found.threshold, 0.19)], _INK, dashed=True)
    chart.text(found.threshold + 0.01, 0.185, f"threshold {found.threshold:.2f}", _INK)
    chart.text(0.11, 0.19, "best score of a stranger", _RED)
    chart.text(0.72, 0.085, "enrolled person, own score", _BLUE)
    ticks = {n / 10: f"{n / 10:.1f}" for n in range(1, 11)}
    chart.ticks(
        x=ticks, y={0: "0 %", 0.05: "5 %", 0.1: "10 %", 0.15: "15 %", 0.2: "20 %"}, label="score"
    )
    chart.save(path)


def _threshold(path: Path, evidence: Evidence, found: Calibration) -> None:
    """Both errors over the threshold."""
    low, high = 0.3, 0.55
    points = [
        point
        for point in det_curve(evidence, policy=found.policy, points=400)
        if low <= point.threshold <= high
    ]
    chart = _Chart("Fewer strangers named means more people missed", x=(low, high), y=(-4, 0))
    for colour, name in ((_RED, "fpir"), (_BLUE, "fnir")):
        line = [(point.threshold, math.log10(max(getattr(point, name), 1e-4))) for point in points]
        chart.line(line, colour)
    chart.line([(found.threshold, -4), (found.threshold, -0.25)], _INK, dashed=True)
    chart.text(found.threshold + 0.003, -0.3, f"threshold {found.threshold:.2f}", _INK)
    chart.text(0.315, -0.45, "strangers who are named", _RED)
    chart.text(0.305, -3.05, "enrolled who are missed", _BLUE)
    chart.ticks(
        x={n / 100: f"{n / 100:.2f}" for n in range(30, 56, 5)},
        y={-4: "0.01 %", -3: "0.1 %", -2: "1 %", -1: "10 %", 0: "100 %"},
        label="threshold",
    )
    chart.save(path)


def _growth(path: Path, found: Calibration) -> None:
    """FPIR as more people are enrolled and the threshold stays."""
    points = fpir_by_size(found.fpir, sizes=default_sizes(found.gallery_size))
    top = max(point.interval.high for point in points) * 1.05
    left, right = (math.log10(points[end].gallery_size) for end in (0, -1))
    chart = _Chart(
        "Ten times the people, nearly ten times the strangers named", x=(left, right), y=(0, top)
    )
    upper = [(math.log10(p.gallery_size), p.interval.high) for p in points]
    lower = [(math.log10(p.gallery_size), p.interval.low) for p in reversed(points)]
    chart.area([*upper, *lower], _RED)
    chart.line([(math.log10(p.gallery_size), p.fpir) for p in points], _RED)
    now = math.log10(found.gallery_size)
    chart.line([(now, 0), (now, top * 0.9)], _INK, dashed=True)
    chart.text(now + 0.02, top * 0.9, f"today: {found.gallery_size} people", _INK)
    chart.ticks(
        x={math.log10(p.gallery_size): f"{p.gallery_size:,}" for p in points[::4]},
        y={n / 100: f"{n} %" for n in range(0, math.ceil(top * 100), 3)},
        label="people enrolled, the threshold unchanged",
    )
    chart.save(path)


def _promise(path: Path, trials: Sequence[_Trial], *, size: int) -> None:
    """Each split's promise as a bar, its count as a dot."""
    promised = [trial.estimate.predicted(trial.searches) for trial in trials]
    inside = [
        each.low - 1e-12 <= trial.counted <= each.high + 1e-12
        for each, trial in zip(promised, trials, strict=True)
    ]
    top = max(*(each.high for each in promised), *(trial.counted for trial in trials)) * 1.05
    chart = _Chart(
        f"{sum(inside)} of {len(trials)} counts lie inside what was promised ({size} enrolled)",
        x=(-1, len(trials)),
        y=(0, top),
    )
    for place, (each, trial, good) in enumerate(zip(promised, trials, inside, strict=True)):
        chart.bar(place, each.low, each.high, "#9fc6d6" if good else "#e9b7a5")
        chart.dot(place, trial.counted, _BLUE if good else _RED)
    chart.ticks(
        x={n: str(n) for n in range(0, len(trials) + 1, 20)},
        y={n / 200: f"{n / 2:g} %" for n in range(math.ceil(top * 200))},
        label="split of the people into halves; bar: promised, dot: counted on the other half",
    )
    chart.save(path)
