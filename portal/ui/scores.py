"""Geometry of the score bar: similarities as percentages of a bar's width.

Public surface: `ScoreBar`, `score_bar`. Percentages are strings with a point, whatever the
language of the page, because they become SVG attributes.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ScoreBar", "percentage", "score_bar"]


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """Positions on the bar in percent, `None` where there is nothing to draw."""

    score: str | None
    threshold: str | None
    second: str | None
    margin: float | None


def percentage(value: float, *, low: float = 0.0, high: float = 1.0) -> str:
    """`value` between `low` and `high` as `"43.2%"`, clamped to the ends."""
    if not high > low:
        raise ValueError(f"The end of the scale ({high}) must lie above its start ({low}).")
    share = (value - low) / (high - low)
    return f"{min(1.0, max(0.0, share)) * 100:.1f}%"


def score_bar(
    score: float | None,
    *,
    threshold: float | None = None,
    second: float | None = None,
) -> ScoreBar:
    """Lay out one cosine similarity with its threshold and the second person's similarity.

    The bar runs from 0 to 1: a similarity below 0 says no more than 0 does. `margin` is the
    distance to the second person.
    """
    margin = None if score is None or second is None else score - second
    return ScoreBar(
        score=None if score is None else percentage(score),
        threshold=None if threshold is None else percentage(threshold),
        second=None if second is None else percentage(second),
        margin=margin,
    )
