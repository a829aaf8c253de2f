"""The part of a picture in which a camera looks for faces: a polygon in fractions of its sides.

Public surface: ``checked_region``, ``MIN_CORNERS``, ``MAX_CORNERS``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from portal.core.errors import DomainError

__all__ = ["MAX_CORNERS", "MIN_CORNERS", "checked_region"]

MIN_CORNERS: Final = 3
MAX_CORNERS: Final = 20
# A hundredth of the picture: a smaller region is a slip of the hand.
MIN_AREA: Final = 0.01
_PLACES: Final = 4

Point = tuple[float, float]


def checked_region(corners: object) -> list[list[float]]:
    """``corners`` as they are stored; none at all means the whole picture.

    Raises ``DomainError`` with the code ``camera.region`` for what is no list of [x, y],
    ``.corners`` for too few or too many, ``.outside``, ``.flat`` and ``.crossing``.
    """
    points = _points(corners)
    if not points:
        return []
    if not MIN_CORNERS <= len(points) <= MAX_CORNERS:
        raise DomainError(
            f"The region has {len(points)} corners; expected {MIN_CORNERS} to {MAX_CORNERS}.",
            code="camera.region.corners",
        )
    if not all(0.0 <= value <= 1.0 for point in points for value in point):
        raise DomainError(
            "A corner of the region lies outside the picture. Move it inside.",
            code="camera.region.outside",
        )
    if _area(points) < MIN_AREA:
        raise DomainError(
            "The region is too small or a mere line. Pull its corners apart.",
            code="camera.region.flat",
        )
    if _crosses_itself(points):
        raise DomainError(
            "The lines of the region cross each other. Move the corners until they do not.",
            code="camera.region.crossing",
        )
    return [[x, y] for x, y in points]


def _points(corners: object) -> list[Point]:
    if not isinstance(corners, list) or len(corners) > 10 * MAX_CORNERS:
        raise _unreadable()
    return [_point(corner) for corner in corners]


def _point(corner: object) -> Point:
    if not isinstance(corner, list) or len(corner) != 2:
        raise _unreadable()
    x, y = corner
    for value in (x, y):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unreadable()
        if not -1e6 < value < 1e6 or not math.isfinite(value):
            raise _unreadable()
    return round(float(x), _PLACES), round(float(y), _PLACES)


def _unreadable() -> DomainError:
    return DomainError(
        "The region cannot be read. Reload the page and draw it again.", code="camera.region"
    )


def _area(points: Sequence[Point]) -> float:
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def _crosses_itself(points: Sequence[Point]) -> bool:
    count = len(points)
    edges = [(points[i], points[(i + 1) % count]) for i in range(count)]
    return any(
        _cross(*edges[i], *edges[j])
        for i in range(count)
        for j in range(i + 2, count)
        if (j + 1) % count != i
    )


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether a–b and c–d have a point in common that is an end of neither."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, p: Point) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
