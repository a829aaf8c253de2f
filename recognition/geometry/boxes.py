"""Overlap of axis-aligned boxes, and non-maximum suppression. Pure numpy.

Boxes are rows of ``x, y, width, height`` in pixels; a negative width or height counts as zero.
Public surface: ``iou_matrix``, ``non_maximum_suppression``.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["iou_matrix", "non_maximum_suppression"]

_BLOCK = 128


def iou_matrix(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
    """Intersection over union of every box of ``a`` with every box of ``b``.

    ``(N, 4)`` and ``(M, 4)`` in, ``(N, M) float32`` in [0, 1] out. Two boxes without area
    overlap by 0. Raises ``ValueError`` for another shape.
    """
    first, second = _corners(a, extra=0.0), _corners(b, extra=0.0)
    intersection = _intersection(first[:, None], second[None, :])
    union = _area(first)[:, None] + _area(second)[None, :] - intersection
    return _ratio(intersection, union).astype(np.float32)


def non_maximum_suppression(
    boxes_xywh: NDArray[Any],
    scores: NDArray[Any],
    *,
    threshold: float,
    mode: Literal["union", "min"] = "union",
    pixel_inclusive: bool = False,
) -> NDArray[np.intp]:
    """Greedily keep the best box and drop those that overlap it by more than ``threshold``.

    ``(N, 4)`` boxes and ``(N,)`` scores in; the kept indices out, by falling score, equal scores
    by index. Overlap is intersection over union, or over the smaller of the two areas for
    ``mode="min"``. ``pixel_inclusive`` counts the pixel at ``x + width`` as part of the box:
    sides grow by one, the convention of MTCNN's published post-processing. Raises ``ValueError``
    for shapes that do not fit, scores that are NaN, or a threshold outside [0, 1].
    """
    corners = _corners(boxes_xywh, extra=1.0 if pixel_inclusive else 0.0)
    ranking = np.asarray(scores, dtype=np.float64)
    if ranking.shape != (len(corners),):
        raise ValueError(
            f"{len(corners)} boxes need scores of shape ({len(corners)},), got {ranking.shape}"
        )
    if np.isnan(ranking).any():
        raise ValueError("a box has the score NaN: check the network's output before suppression")
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"threshold must lie in [0, 1], got {threshold}")

    areas = _area(corners)
    remaining = np.argsort(-ranking, kind="stable")
    kept: list[int] = []
    while remaining.size:
        # All overlaps of a block of leaders at once: few numpy calls for few boxes, and memory
        # in proportion to N for many.
        leaders, remaining = remaining[:_BLOCK], remaining[_BLOCK:]
        everyone = np.concatenate([leaders, remaining])
        intersection = _intersection(corners[leaders, None], corners[everyone])
        if mode == "union":
            denominator = areas[leaders, None] + areas[everyone] - intersection
        else:
            denominator = np.minimum(areas[leaders, None], areas[everyone])
        overlaps = _ratio(intersection, denominator) > threshold
        dropped = np.zeros(len(everyone), dtype=np.bool_)
        for position, leader in enumerate(leaders.tolist()):
            if not dropped[position]:
                kept.append(leader)
                dropped |= overlaps[position]
        remaining = remaining[~dropped[len(leaders) :]]
    return np.asarray(kept, dtype=np.intp)


def _corners(boxes_xywh: NDArray[Any], *, extra: float) -> NDArray[np.float64]:
    """``(N, 4)`` left, top, right, bottom; ``extra`` pixels are added to width and height."""
    boxes = np.asarray(boxes_xywh, dtype=np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must have the shape (N, 4) as x, y, width, height: {boxes.shape}")
    far = boxes[:, :2] + np.maximum(boxes[:, 2:] + extra, 0.0)
    return np.concatenate([boxes[:, :2], far], axis=1)


def _area(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = corners[..., 2:] - corners[..., :2]
    area: NDArray[np.float64] = sides[..., 0] * sides[..., 1]
    return area


def _intersection(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Common area of two broadcastable arrays of corners."""
    near = np.maximum(a[..., :2], b[..., :2])
    far = np.minimum(a[..., 2:], b[..., 2:])
    sides = np.maximum(far - near, 0.0)
    area: NDArray[np.float64] = sides[..., 0] * sides[..., 1]
    return area


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """``part / whole``, and 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)
