"""The box arithmetic between MTCNN's networks, as in its published post-processing. Pure numpy.

Boxes here are ``(N, 4) float64`` rows ``x1, y1, x2, y2``, the first and the last pixel, both
inside, counted from 1 as in the published Matlab code, so that every rounding equals it.
Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.geometry.boxes import non_maximum_suppression

__all__ = [
    "cut_squares",
    "cut_window",
    "decode_landmarks",
    "refine",
    "refine_proposals",
    "square",
    "suppress",
    "suppress_within",
    "to_xywh",
    "window_boxes",
]

_WINDOW = 12
_STRIDE = 2


def window_boxes(cells: NDArray[np.intp], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """The picture's boxes under P-Net's windows at these places of its output maps.

    ``cells`` are ``(N, 2)`` x, y; ``scales`` ``(N,)`` those of the levels that they are in.
    """
    near = cells * _STRIDE + 1
    corners = np.concatenate([near, near + _WINDOW - 1], axis=1) / scales[:, None]
    whole: NDArray[np.float64] = np.trunc(corners)
    return whole


def refine_proposals(
    boxes: NDArray[np.float64], offsets: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Move each corner by its offset in sides of the box; P-Net's sides are ``x2 - x1``."""
    return boxes + offsets * _sides(boxes, extra=0.0)


def refine(boxes: NDArray[np.float64], offsets: NDArray[np.float32]) -> NDArray[np.float64]:
    """As ``refine_proposals``, for R-Net and O-Net, whose sides are ``x2 - x1 + 1``."""
    return boxes + offsets * _sides(boxes, extra=1.0)


def square(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grow the shorter side about the centre, then cut the corners to whole pixels."""
    sides = boxes[:, 2:] - boxes[:, :2]
    side = sides.max(axis=1, keepdims=True)
    near = boxes[:, :2] + (sides - side) / 2
    corners: NDArray[np.float64] = np.trunc(np.concatenate([near, near + side], axis=1))
    return corners


def decode_landmarks(
    boxes: NDArray[np.float64], outputs: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``(N, 5, 2)`` points, counted from 0, from O-Net's ``(N, 10)`` and the box it saw."""
    fractions = outputs.reshape(-1, 2, 5).transpose(0, 2, 1)
    sides = _sides(boxes, extra=1.0)[:, None, :2]
    points: NDArray[np.float32] = (fractions * sides + boxes[:, None, :2] - 1).astype(np.float32)
    return points


def suppress(
    boxes: NDArray[np.float64],
    scores: NDArray[np.float32],
    *,
    threshold: float,
    mode: Literal["union", "min"] = "union",
) -> NDArray[np.intp]:
    """Indices of the boxes that survive non-maximum suppression with the inclusive convention."""
    if len(boxes) < 2:  # most levels
        return np.arange(len(boxes), dtype=np.intp)
    xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    return non_maximum_suppression(
        xywh, scores, threshold=threshold, mode=mode, pixel_inclusive=True
    )


def suppress_within(
    boxes: NDArray[np.float64],
    scores: NDArray[np.float32],
    *,
    counts: Sequence[int],
    threshold: float,
) -> NDArray[np.intp]:
    """As ``suppress``, among boxes of one group only; groups follow one another in ``counts``."""
    kept = [np.empty(0, dtype=np.intp)]
    start = 0
    for count in counts:
        own = slice(start, start + count)
        kept.append(start + suppress(boxes[own], scores[own], threshold=threshold))
        start += count
    return np.concatenate(kept)


def to_xywh(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper left corner counted from 0, and the size with the last pixel in it."""
    return np.concatenate([boxes[:, :2] - 1, boxes[:, 2:] - boxes[:, :2] + 1], axis=1)


def cut_squares(picture: Picture, boxes: NDArray[np.float64], *, size: int) -> NDArray[np.uint8]:
    """``(N, size, size, 3)`` crops, black outside the picture, reduced by area averaging."""
    crops = np.zeros((len(boxes), size, size, 3), dtype=np.uint8)
    for crop, (x1, y1, x2, y2) in zip(crops, boxes.astype(np.intp).tolist(), strict=True):
        window = cut_window(picture, x1, y1, x2, y2)
        if window is not None:
            cv2.resize(window, (size, size), dst=crop, interpolation=cv2.INTER_AREA)
    return crops


def cut_window(picture: Picture, x1: int, y1: int, x2: int, y2: int) -> Picture | None:
    """The pixels from the first to the last corner, black outside the picture; None if all are.

    Corners are whole and counted from 1, as in a box. Without an edge it is a view.
    """
    height, width = picture.shape[:2]
    left, top, right, bottom = max(x1 - 1, 0), max(y1 - 1, 0), min(x2, width), min(y2, height)
    if left >= right or top >= bottom:
        return None
    window = picture[top:bottom, left:right]
    whole = (y2 - y1 + 1, x2 - x1 + 1)
    if window.shape[:2] == whole:
        return window
    padded = np.zeros((*whole, 3), dtype=np.uint8)
    padded[top - y1 + 1 : bottom - y1 + 1, left - x1 + 1 : right - x1 + 1] = window
    return padded


def _sides(boxes: NDArray[np.float64], *, extra: float) -> NDArray[np.float64]:
    """``(N, 4)`` width, height, width, height."""
    return np.tile(boxes[:, 2:] - boxes[:, :2] + extra, 2)
