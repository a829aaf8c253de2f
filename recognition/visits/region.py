"""Where faces count. Public surface: ``is_inside``."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["is_inside"]


def is_inside(x: float, y: float, corners: Sequence[tuple[float, float]]) -> bool:
    """Whether a point lies in a polygon, by the even-odd rule; without corners everything does."""
    if not corners:
        return True
    inside = False
    previous_x, previous_y = corners[-1]
    for corner_x, corner_y in corners:
        if (corner_y > y) != (previous_y > y):
            at = corner_x + (y - corner_y) * (previous_x - corner_x) / (previous_y - corner_y)
            inside ^= x < at
        previous_x, previous_y = corner_x, corner_y
    return inside
