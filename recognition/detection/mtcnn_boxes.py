"""The box arithmetic between MTCNN's networks, as in its published post-processing. Pure numpy.

Boxes here are ``(N, 4) float64`` rows ``x1, y1, x2, y2``, the first and the last pixel, both
inside, counted from 1 as in the published Matlab code, so that every rounding equals it.
Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.geometry.boxes import non_maximum_suppression

__all__ = [
    "cut_squares",
    "decode_landmarks",
    "pyramid_scales",
    "refine",
    "refine_proposals",
    "square",
    "suppress",
    "to_xywh",
    "window_boxes",
]

_WINDOW = 12
_STRIDE = 2


def pyramid_scales(
    height_px: int, width_px: int, *, min_face_px: int, factor: float
) -> list[float]:
    """Scales at which a face of ``min_face_px`` or more fills P-Net's 12 px window, falling."""
    scale = _WINDOW / min_face_px
    scales = []
    while min(height_px, width_px) * scale >= _WINDOW:
        scales.append(scale)
        scale *= factor
    return scales


def window_boxes(
    rows: NDArray[np.intp], columns: NDArray[np.intp], *, scale: float
) -> NDArray[np.float64]:
    """The picture's boxes under P-Net's windows at these places of its output map."""
    near = np.stack([columns, rows], axis=1) * _STRIDE + 1
    return np.trunc(np.concatenate([near, near + _WINDOW - 1], axis=1) / scale)


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
    xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    return non_maximum_suppression(
        xywh, scores, threshold=threshold, mode=mode, pixel_inclusive=True
    )


def to_xywh(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper left corner counted from 0, and the size with the last pixel in it."""
    return np.concatenate([boxes[:, :2] - 1, boxes[:, 2:] - boxes[:, :2] + 1], axis=1)


def cut_squares(picture: Picture, boxes: NDArray[np.float64], *, size: int) -> NDArray[np.uint8]:
    """``(N, size, size, 3)`` crops, black outside the picture, reduced by area averaging."""
    height, width = picture.shape[:2]
    crops = np.zeros((len(boxes), size, size, 3), dtype=np.uint8)
    for crop, (x1, y1, x2, y2) in zip(crops, boxes.astype(np.intp), strict=True):
        left, top, right, bottom = max(x1 - 1, 0), max(y1 - 1, 0), min(x2, width), min(y2, height)
        if left >= right or top >= bottom:
            continue
        window = picture[top:bottom, left:right]
        whole = (y2 - y1 + 1, x2 - x1 + 1)
        if window.shape[:2] != whole:
            padded = np.zeros((*whole, 3), dtype=np.uint8)
            padded[top - y1 + 1 : bottom - y1 + 1, left - x1 + 1 : right - x1 + 1] = window
            window = padded
        cv2.resize(window, (size, size), dst=crop, interpolation=cv2.INTER_AREA)
    return crops


def _sides(boxes: NDArray[np.float64], *, extra: float) -> NDArray[np.float64]:
    """``(N, 4)`` width, height, width, height."""
    return np.tile(boxes[:, 2:] - boxes[:, :2] + extra, 2)
