"""Affine alignment by three of dlib's 68 landmarks to OpenFace's template.

Public surface: ``ThreePoints``, ``affine_template``, ``align_affine``, ``five_points``.
"""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture

__all__ = ["ThreePoints", "affine_template", "align_affine", "five_points"]

ThreePoints = Literal["outer-eyes-and-nose", "inner-eyes-and-lip"]

# Which of the 68 landmarks (iBUG 300-W order), and where OpenFace's template has them in a unit
# square: its TEMPLATE in align_dlib.py (Apache-2.0), stretched over the square as there.
_POINTS: dict[ThreePoints, tuple[tuple[int, int, int], NDArray[np.float64]]] = {
    "outer-eyes-and-nose": (
        (36, 45, 33),
        np.array([[0.194157, 0.169267], [0.788859, 0.158171], [0.494951, 0.514441]]),
    ),
    "inner-eyes-and-lip": (
        (39, 42, 57),
        np.array([[0.363785, 0.177947], [0.618963, 0.172778], [0.500204, 0.750584]]),
    ),
}


def affine_template(points: ThreePoints, *, size: int, scale: float = 1.0) -> NDArray[np.float64]:
    """Where the three landmarks come to lie in a crop of ``size`` px, ``(3, 2) float64``.

    ``scale`` is the face's part of the crop: FaceNet's copy of this aligner makes 110 px crops
    with a face of 96, a scale of 96/110, and the face in the middle. Raises ``ValueError`` for a
    size below 1 or a scale that is not positive.
    """
    if size < 1 or not scale > 0.0:
        raise ValueError(f"size is {size} and scale {scale}; at least 1 px and more than 0 needed")
    return _POINTS[points][1] * (size * scale) + size * (1.0 - scale) / 2


def align_affine(
    picture: Picture,
    landmarks: NDArray[Any],
    *,
    size: int = 96,
    points: ThreePoints = "outer-eyes-and-nose",
    scale: float = 1.0,
) -> Picture:
    """Cut a face out of ``picture`` by the affine transform that carries three points home.

    ``picture`` is ``(H, W, 3) uint8`` RGB, ``landmarks`` is ``(68, 2)`` in its pixels; returns
    ``(size, size, 3) uint8`` RGB, bilinear, black outside the picture. The three points land
    exactly on the template: unlike a similarity, an affine transform also shears and squeezes, so
    a turned head is widened. Raises ``ValueError`` for another shape, a coordinate that is not
    finite, or three points on a line.
    """
    source = _sixty_eight(landmarks)[list(_POINTS[points][0])]
    goal = affine_template(points, size=size, scale=scale)
    (a, b), (c, d) = source[1] - source[0], source[2] - source[0]
    if abs(a * d - b * c) <= 1e-6 * (a * a + b * b + c * c + d * d):
        raise ValueError(f"the three landmarks {points} lie on a line: no affine transform fits")
    transform = cv2.getAffineTransform(source.astype(np.float32), goal.astype(np.float32))
    crop = cv2.warpAffine(picture, transform, (size, size), flags=cv2.INTER_LINEAR)
    return np.asarray(crop, np.uint8)


def five_points(landmarks: NDArray[Any]) -> NDArray[np.float32]:
    """The five points of ``Detection`` among ``(68, 2)`` landmarks, ``(5, 2) float32``.

    Each eye is the mean of its six points; then nose tip and mouth corners. Raises ``ValueError``
    for another shape or a coordinate that is not finite.
    """
    points = _sixty_eight(landmarks)
    eyes = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    return np.stack([*eyes, points[30], points[48], points[54]]).astype(np.float32)


def _sixty_eight(landmarks: NDArray[Any]) -> NDArray[np.float64]:
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape != (68, 2):
        raise ValueError(f"dlib's landmarks have the shape (68, 2), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("a landmark has a coordinate that is not a finite number")
    return points
