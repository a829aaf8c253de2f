"""What every threshold would cost: strangers named against enrolled people missed. Public: ``draw``."""

from __future__ import annotations

from portal.calibration.charts.axes import Linear, Logarithmic
from portal.calibration.charts.parts import Chart, Line, Mark, curve, thinned
from portal.calibration.figures import DetFigure, Figures, RuleFigure
from portal.calibration.words import one_in_of, percent
from portal.core.chart_parts import BOTTOM, LEFT, RIGHT, TOP, Point, Series, number

__all__ = ["draw"]

_RAREST = 1e-6
# So far to the left of what is asked for, or in force, the curve goes on.
_BEYOND = 5.0
_LABEL = 130.0


def draw(figures: Figures) -> Chart | None:
    """None where nobody enrolled was measured."""
    rules = [("Now", "neutral", figures.now)]
    if figures.chosen is not None:
        rules.append(("Measured", "accent", figures.chosen))
    rates = [rule.strangers.rate.value for _, _, rule in rules if rule.strangers]
    low = max(_RAREST, 10.0 ** _floor(min([*rates, figures.wish.fpir]) / _BEYOND))
    drawn = [point for point in figures.det if point.fpir >= low]
    if len(drawn) < 2:
        return None
    top = max(0.02, *(point.fnir for point in drawn))
    x = Logarithmic(low, 1.0, LEFT, RIGHT, is_rate=True)
    y = Linear(0.0, top * 1.05, BOTTOM, TOP, unit=100.0, suffix=" %", most=5)
    rows = tuple((f"{p.threshold:.4f}", f"{p.fpir:.3g}", f"{p.fnir:.4f}") for p in figures.det)
    shown = tuple(
        (
            f"{p.threshold:.3f}",
            one_in_of(p.fpir, "strangers").capitalize(),
            percent(p.fnir),
        )
        for p in drawn
    )
    at = figures.chosen.threshold if figures.chosen else figures.now.threshold
    wish_x = x.at(figures.wish.fpir)
    return Chart(
        key="det",
        title=_finding(figures),
        summary=(
            "Each point of the curve is one threshold: further left fewer strangers get a name, "
            "further down fewer enrolled people are missed. No threshold does better than the curve."
        ),
        x_label="Strangers given a name",
        y_label="Enrolled people missed",
        x_ticks=x.ticks(),
        y_ticks=y.ticks(),
        series=(
            Series("Every threshold", "accent", curve((x.at(p.fpir), y.at(p.fnir)) for p in drawn)),
        ),
        points=tuple(Point(number(x.at(p.fpir)), number(y.at(p.fnir)), _words(p)) for p in drawn),
        head=("Threshold", "Strangers given a name", "Enrolled people missed"),
        rows=rows,
        shown=thinned(shown),
        lines=(
            Line(
                "Asked for",
                "neutral",
                x=number(wish_x),
                is_dashed=True,
                label_x=number(wish_x + 5),
                label_y=number(TOP + 6),
            ),
        ),
        marks=_marks(rules, x, y),
        start=min(range(len(drawn)), key=lambda k: abs(drawn[k].threshold - at)),
    )


def _marks(rules: list[tuple[str, str, RuleFigure]], x: Logarithmic, y: Linear) -> tuple[Mark, ...]:
    """Names stand outside of the two, so that they never lie over each other."""
    placed = sorted(
        (x.at(rule.strangers.rate.value), y.at(rule.missed.rate.value), name, tone, rule.threshold)
        for name, tone, rule in rules
        if rule.strangers is not None and rule.missed is not None
    )
    marks = []
    for number_of, (across, up, name, tone, threshold) in enumerate(placed):
        is_left = number_of < len(placed) - 1 or across > RIGHT - _LABEL
        is_left = is_left and across > LEFT + _LABEL
        marks.append(
            Mark(
                number(across),
                number(up),
                f"{name} {threshold:.3f}",
                tone,
                anchor="end" if is_left else "start",
                label_x=number(across - 9 if is_left else across + 9),
                label_y=number(up - 10),
            )
        )
    return tuple(marks)


def _words(point: DetFigure) -> str:
    return (
        f"Threshold {point.threshold:.3f}: {one_in_of(point.fpir, 'strangers')} named, "
        f"{percent(point.fnir)} of the enrolled missed."
    )


def _finding(figures: Figures) -> str:
    rule = figures.chosen or figures.now
    if rule.strangers is None or rule.missed is None:
        return "What every threshold costs"
    return (
        f"At {rule.threshold:.3f}, {one_in_of(rule.strangers.rate.value, 'strangers')} would be named "
        f"and {percent(rule.missed.rate.value)} of the enrolled missed"
    )


def _floor(value: float) -> int:
    power = 0
    while 10.0**power > value * (1 + 1e-9) and power > -6:
        power -= 1
    return power
