"""How alike faces are: an enrolled person and themselves, others, strangers. Public: ``draw``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portal.calibration.charts.axes import Linear
from portal.calibration.charts.parts import Band, Chart, Line, curve, thinned
from portal.calibration.figures import Distribution, Figures
from portal.calibration.words import percent
from portal.core.chart_parts import BOTTOM, LEFT, RIGHT, TOP, Point, Series, number

__all__ = ["draw"]

_KINDS: Final = (
    ("Same person", "match", "genuine"),
    ("Another enrolled person", "unknown", "other_enrolled"),
    ("A stranger", "uncertain", "stranger"),
)


def draw(figures: Figures) -> Chart | None:
    """None without a single comparison."""
    found = figures.distribution
    groups = [
        (name, tone, getattr(found, field))
        for name, tone, field in _KINDS
        if any(getattr(found, field))
    ]
    if not groups:
        return None
    threshold = figures.chosen.threshold if figures.chosen else figures.now.threshold
    first, last = _filled([values for _, _, values in groups])
    low = min(found.low + first * found.step, threshold - figures.grey_band) - found.step
    high = min(1.0, max(found.low + (last + 1) * found.step, threshold) + found.step)
    shares = [(name, tone, values, _shares(values)) for name, tone, values in groups]
    top = max(max(values) for _, _, _, values in shares)
    x = Linear(low, high, LEFT, RIGHT)
    y = Linear(0.0, top * 1.08, BOTTOM, TOP, unit=100.0, suffix=" %", most=5)
    rows = tuple(
        (
            f"{_middle(found, k) - found.step / 2:.2f} to {_middle(found, k) + found.step / 2:.2f}",
            *(f"{values[k]}" for _, _, values, _ in shares),
        )
        for k in range(first, last + 1)
    )
    at = x.at(threshold)
    is_left = at > (LEFT + RIGHT) / 2
    return Chart(
        key="scores",
        title=_finding(found, threshold),
        summary=(
            "Each hill shows how alike two faces were found: further right is more alike. Where the "
            "hills overlap, no threshold is right for everybody. Each hill has the same area, "
            "however many comparisons it is made of."
        ),
        x_label="Similarity of two faces",
        y_label="Share of comparisons",
        x_ticks=x.ticks(),
        y_ticks=y.ticks(),
        series=tuple(
            Series(
                name,
                tone,
                *_outline(found, values, range(first, last + 1), x=x, y=y),
                is_dashed=tone != "match",
            )
            for name, tone, _, values in shares
        ),
        points=tuple(
            Point(
                number(x.at(_middle(found, k))),
                number(min(y.at(values[k]) for _, _, _, values in shares)),
                _words(found, k, shares),
            )
            for k in range(first, last + 1)
        ),
        head=("Similarity", *(name for name, _, _, _ in shares)),
        rows=rows,
        shown=thinned(rows, most=40),
        bands=(
            Band(
                number(x.at(threshold - figures.grey_band)),
                number(max(0.0, at - x.at(threshold - figures.grey_band))),
                "Asked of a person",
            ),
        ),
        lines=(
            Line(
                f"Threshold {threshold:.3f}",
                "accent",
                x=number(at),
                anchor="end" if is_left else "start",
                label_x=number(at - 5 if is_left else at + 5),
                label_y=number(TOP + 6),
            ),
        ),
        start=min(max(0, int((threshold - found.low) / found.step) - first), last - first),
    )


def _filled(groups: Sequence[Sequence[int]]) -> tuple[int, int]:
    used = [k for k in range(len(groups[0])) if any(values[k] for values in groups)]
    return used[0], used[-1]


def _shares(values: Sequence[int]) -> tuple[float, ...]:
    total = sum(values)
    return tuple(value / total for value in values)


def _middle(found: Distribution, k: int) -> float:
    return found.low + (k + 0.5) * found.step


def _outline(
    found: Distribution, values: Sequence[float], bins: range, *, x: Linear, y: Linear
) -> tuple[str, str]:
    steps = [(x.at(found.low + bins[0] * found.step), BOTTOM)]
    for k in bins:
        left, right = found.low + k * found.step, found.low + (k + 1) * found.step
        steps += [(x.at(left), y.at(values[k])), (x.at(right), y.at(values[k]))]
    steps.append((x.at(found.low + (bins[-1] + 1) * found.step), BOTTOM))
    line = curve(steps)
    return line, line + "Z"


def _words(
    found: Distribution, k: int, shares: Sequence[tuple[str, str, Sequence[int], Sequence[float]]]
) -> str:
    middle, half = _middle(found, k), found.step / 2
    said = "; ".join(f"{name.lower()} {values[k]:,}" for name, _, values, _ in shares)
    return f"Similarity {middle - half:.2f} to {middle + half:.2f}: {said} comparisons."


def _finding(found: Distribution, threshold: float) -> str:
    others = [a + b for a, b in zip(found.other_enrolled, found.stranger, strict=True)]
    from_bin = int((threshold - found.low) / found.step + 1e-6)
    above = sum(found.genuine[from_bin:])
    total = sum(found.genuine)
    if not total:
        return "How alike different people look to each other here"
    wrong, all_others = sum(others[from_bin:]), sum(others)
    said = f"{percent(above / total, worse='lower')} of the pictures of the same person reach the threshold"
    return f"{said}, and {wrong:,} of {all_others:,} of different people"
