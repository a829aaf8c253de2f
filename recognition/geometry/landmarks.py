"""What many cells of a detector say of one face's landmarks, made into one answer.

Public surface: ``agreed_landmarks``. Measured in ``bench/ACCURACY.md``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["agreed_landmarks"]

Points = NDArray[np.float32]


def agreed_landmarks(
    landmarks: NDArray[Any], scores: NDArray[Any], *, best: int, reach_px: float
) -> Points:
    """The mean of one face's landmarks over all cells that saw it, ``(5, 2) float32``.

    ``landmarks`` is ``(K, 5, 2)`` and ``scores`` ``(K,)``, one row a cell of the network, before
    non-maximum suppression; ``best`` is the row that suppression keeps. Cells count by the square
    of their score where their points lie within ``reach_px`` of the best's, as a mean over the
    coordinates: measured with a ninth of the box's side. It costs nothing and takes a quarter to
    a third off the landmarks' noise. Raises ``ValueError`` for shapes that do not fit.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape != (len(scores), 5, 2) or not 0 <= best < len(points):
        raise ValueError(
            f"expected landmarks (K, 5, 2), scores (K,) and best below K, got {points.shape}, "
            f"{np.shape(scores)} and {best}"
        )
    near = np.abs(points - points[best]).mean(axis=(1, 2)) <= reach_px
    weights = np.square(np.asarray(scores, dtype=np.float64)[near])
    total = float(weights.sum())
    if total <= 0.0:
        return np.asarray(points[best], dtype=np.float32)
    mean = np.tensordot(weights, points[near], axes=1) / total
    return np.asarray(mean, dtype=np.float32)
