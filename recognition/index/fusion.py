"""Several templates of one person made into one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.errors import IndexMismatch

__all__ = ["fuse_templates"]


def fuse_templates(vectors: Vectors) -> NDArray[np.float32]:
    """The direction of the mean of ``(N, D) float32`` unit vectors: ``(D,) float32``.

    One vector per person keeps the number of comparisons, and with it the share of strangers
    that are named, the same however many photos somebody has; the shipped threshold curve was
    measured against such means. Raises ``IndexMismatch`` where the vectors cancel each other
    out, which faces of one person never do.
    """
    if vectors.ndim != 2 or len(vectors) == 0:
        raise IndexMismatch(
            f"Vectors of shape {vectors.shape} cannot be fused; expected (N, D) with N of 1 or more."
        )
    mean = vectors.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length < 1e-3:
        raise IndexMismatch("The photos of this person contradict each other: their mean is zero.")
    return np.asarray(mean / length, dtype=np.float32)
