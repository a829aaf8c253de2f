"""Strangers named against how many people are enrolled, at one threshold. Public: ``draw``."""

from __future__ import annotations

from portal.calibration.charts.axes import Logarithmic
from portal.calibration.charts.parts import Chart, Line, Mark, curve, thinned
from portal.calibration.figures import Figures, SizeFigure
from portal.calibration.words import one_in, one_in_of, one_in_with_interval
from portal.core.chart_parts import BOTTOM, LEFT, RIGHT, TOP, Point, Series, number

__all__ = ["draw"]

_RAREST = 1e-7


def draw(figures: Figures) -> Chart | None:
    """None where nothing is known of strangers."""
    sizes = figures.sizes
    if not sizes or sizes[0].gallery_size == sizes[-1].gallery_size:
        return None
    rule = figures.chosen or figures.now
    least = min([figures.wish.fpir, *(max(_RAREST, one.fpir.low) for one in sizes)])
    low = 10.0 ** _power_below(least)
    x = Logarithmic(sizes[0].gallery_size, sizes[-1].gallery_size, LEFT, RIGHT)
    y = Logarithmic(low, 1.0, BOTTOM, TOP, is_rate=True)
    here = min(range(len(sizes)), key=lambda k: abs(sizes[k].gallery_size - figures.gallery_size))
    upper = [(x.at(one.gallery_size), y.at(one.fpir.high)) for one in sizes]
    lower = [(x.at(one.gallery_size), y.at(one.fpir.low)) for one in reversed(sizes)]
    rows = tuple(
        (
            str(one.gallery_size),
            f"{one.fpir.value:.3g}",
            f"{one.fpir.low:.3g}",
            f"{one.fpir.high:.3g}",
        )
        for one in sizes
    )
    shown = tuple(
        (
            f"{one.gallery_size:,}",
            one_in(one.fpir.value),
            one_in(one.fpir.low, worse="lower"),
            one_in(one.fpir.high),
        )
        for one in sizes
    )
    wish_y = y.at(figures.wish.fpir)
    across, up = x.at(sizes[here].gallery_size), y.at(sizes[here].fpir.value)
    return Chart(
        key="sizes",
        title=_finding(figures, sizes),
        summary=(
            "The more people are enrolled, the likelier a stranger looks like one of them. The line is "
            f"the threshold {rule.threshold:.3f} left as it is; the shaded part is where the truth lies "
            "with 95 % certainty. A saved threshold follows the gallery by itself."
        ),
        x_label="People enrolled",
        y_label="Strangers given a name",
        x_ticks=x.ticks(),
        y_ticks=y.ticks(),
        series=(
            Series(
                f"Threshold {rule.threshold:.3f}",
                "accent",
                curve((x.at(one.gallery_size), y.at(one.fpir.value)) for one in sizes),
            ),
        ),
        ribbon=curve([*upper, *lower]) + "Z",
        points=tuple(
            Point(number(x.at(one.gallery_size)), number(y.at(one.fpir.value)), _words(one))
            for one in sizes
        ),
        head=("People enrolled", "Strangers given a name", "At least", "At most"),
        rows=rows,
        shown=thinned(shown),
        lines=(
            Line(
                "Asked for",
                "neutral",
                y=number(wish_y),
                is_dashed=True,
                anchor="end",
                label_x=number(RIGHT - 4),
                label_y=number(wish_y + 14),
            ),
        ),
        marks=(
            Mark(
                number(across),
                number(up),
                f"Today: {figures.gallery_size:,}",
                "accent",
                anchor="end" if across > (LEFT + RIGHT) / 2 else "start",
                label_x=number(across - 8 if across > (LEFT + RIGHT) / 2 else across + 8),
                label_y=number(up - 10),
            ),
        ),
        start=here,
    )


def _words(one: SizeFigure) -> str:
    fpir = one.fpir
    said = one_in_with_interval(fpir.value, fpir.low, fpir.high)
    return f"{one.gallery_size:,} people enrolled: {said} strangers named."


def _finding(figures: Figures, sizes: tuple[SizeFigure, ...]) -> str:
    largest = sizes[-1]
    return (
        f"With {largest.gallery_size:,} people instead of {figures.gallery_size:,}, this threshold would "
        f"name {one_in_of(largest.fpir.value, 'strangers')}"
    )


def _power_below(value: float) -> int:
    power = 0
    while 10.0**power > value * (1 + 1e-9) and power > -7:
        power -= 1
    return power
