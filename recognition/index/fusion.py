"""Several templates of one person made into one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.errors import IndexMismatch

__all__ = ["fuse_templates"]

# Even the poorest accepted photo shows a side of the face that the best one may not.
_LEAST_WEIGHT = 0.25


def fuse_templates(vectors: Vectors, *, weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """The direction of the weighted mean of ``(N, D) float32`` unit vectors: ``(D,) float32``.

    ``weights`` are the photos' quality scores in [0, 1], raised to at least 0.25. One vector per
    person keeps the number of comparisons, and with it the share of strangers that are named,
    the same however many photos somebody has. Raises ``IndexMismatch`` where the vectors cancel
    each other out, which faces of one person never do.
    """
    if vectors.ndim != 2 or len(vectors) == 0 or len(weights) != len(vectors):
        raise IndexMismatch(
            f"Vectors of shape {vectors.shape} with {len(weights)} weights cannot be fused; "
            "expected (N, D) with N weights."
        )
    mean = np.maximum(weights, _LEAST_WEIGHT) @ vectors.astype(np.float64)
    length = float(np.linalg.norm(mean))
    if length < 1e-3:
        raise IndexMismatch("The photos of this person contradict each other: their mean is zero.")
    return np.asarray(mean / length, dtype=np.float32)
