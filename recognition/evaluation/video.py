"""Two clips compared as FaceNet did on YouTube Faces: the mean over all pairs of their frames.

Public surface: ``clip_similarity``, ``MAX_FRAMES``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_FRAMES", "clip_similarity"]

MAX_FRAMES = 100  # FaceNet §5.7: the first hundred frames that a face was found in


def clip_similarity(
    first: NDArray[np.float32], second: NDArray[np.float32], *, max_frames: int = MAX_FRAMES
) -> float:
    """The mean cosine of ``(N, D)`` against ``(M, D)`` unit rows, the first ``max_frames`` of each.

    The mean over all pairs of inner products is the inner product of the means; the mean squared
    distance, which FaceNet used, is 2 minus twice that, so thresholds on either are equivalent.
    -1 where a clip has no frame with a face: it can match nothing.
    """
    if not len(first) or not len(second):
        return -1.0
    one = first[:max_frames].astype(np.float64).mean(axis=0)
    other = second[:max_frames].astype(np.float64).mean(axis=0)
    return float(one @ other)
