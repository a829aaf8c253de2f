"""What each strength was worth where it was chosen. Public surface: ``draw``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portal.calibration.charts.axes import Linear
from portal.calibration.charts.parts import Chart, Line, curve
from portal.calibration.words import percent
from portal.core.chart_parts import BOTTOM, LEFT, RIGHT, TOP, Point, Series, number

__all__ = ["draw"]

_TONES: Final = ("accent", "match", "uncertain")
# Points of a hundred: a chart of nothing but noise must look flat.
_LEAST_SPAN: Final = 1.0


def draw(scores: Mapping[str, float]) -> Chart | None:
    """``scores`` by ``part/half/strength``; None before anything can be compared."""
    gains = _gains(scores)
    if not gains:
        return None
    strengths = sorted({strength for own in gains.values() for strength in own})
    values = [gain for own in gains.values() for gain in own.values()]
    low, high = min(values), max(values)
    if high - low < _LEAST_SPAN:
        low, high = min(low, -_LEAST_SPAN / 2), max(high, _LEAST_SPAN / 2)
    x = Linear(0.0, 100.0 * max(strengths), LEFT, RIGHT, suffix=" %")
    y = Linear(low, high, BOTTOM, TOP, suffix="")
    nought = number(y.at(0.0))
    means = {
        strength: [own[strength] for own in gains.values() if strength in own]
        for strength in strengths
    }
    rows = tuple(
        (
            f"{strength:g}",
            *(
                f"{gains[part][strength]:+.2f}" if strength in gains[part] else "–"
                for part in gains
            ),
        )
        for strength in strengths
    )
    best = max(strengths, key=lambda one: sum(means[one]) / len(means[one]))
    return Chart(
        key="strengths",
        title=_finding(best, sum(means[best]) / len(means[best])),
        summary=(
            "Each line is one part of the people held out; the strength is chosen on the others. "
            "0 % is the model in use, unchanged."
        ),
        x_label="How far the model is drawn to this site",
        y_label="Gain in points of a hundred pairs",
        x_ticks=x.ticks(),
        y_ticks=y.ticks(),
        series=tuple(
            Series(
                f"Part {part + 1}",
                tone,
                curve((x.at(100 * one), y.at(gain)) for one, gain in sorted(own.items())),
            )
            for tone, (part, own) in zip(_TONES, gains.items(), strict=False)
        ),
        points=tuple(
            Point(
                number(x.at(100 * one)),
                number(y.at(sum(means[one]) / len(means[one]))),
                f"Drawn {percent(one)}: {sum(means[one]) / len(means[one]):+.2f} points on average.",
            )
            for one in strengths
        ),
        head=("strength", *(f"part {part + 1}" for part in gains)),
        rows=rows,
        shown=rows,
        lines=(
            Line(
                "Model in use",
                "neutral",
                y=nought,
                is_dashed=True,
                anchor="end",
                label_x=number(RIGHT - 4),
                label_y=number(y.at(0.0) - 6),
            ),
        ),
        start=strengths.index(best),
    )


def _gains(scores: Mapping[str, float]) -> dict[int, dict[float, float]]:
    """By part and strength the mean gain over the unchanged model, in points of a hundred."""
    found: dict[int, dict[float, list[float]]] = {}
    for key, score in scores.items():
        part, half, strength = key.split("/")
        unchanged = scores.get(f"{part}/{half}/0")
        if unchanged is not None:
            own = found.setdefault(int(part), {})
            own.setdefault(float(strength), []).append(100 * (score - unchanged))
    return {
        part: {strength: sum(own[strength]) / len(own[strength]) for strength in sorted(own)}
        for part, own in sorted(found.items())
        if len(own) > 1
    }


def _finding(best: float, gain: float) -> str:
    if best == 0.0:
        return "On average nothing beats the model in use"
    return f"Drawn {percent(best)} to this site, {gain:+.2f} points where it was chosen"
