"""Pictures that lie far from their class's centre: wrong labels, blurs, nobody's face.

FaceNet's rule (``calculate_filtering_metrics.py``, ``filter_dataset``): the distance of each
picture's vector to the mean of its class; what lies beyond a percentile of all distances is dropped,
then classes with too few pictures left. Public surface: ``Filtered``, ``distances_to_centre``,
``filter_pictures``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.datasets.errors import DatasetRejected

__all__ = ["CentreRule", "Filtered", "distances_to_centre", "filter_pictures"]

CentreRule = Literal["mean", "median"]


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """``distances`` ``(N,)``; ``is_kept`` ``(N,)``; ``threshold`` is the distance that is too far.

    ``too_far`` and ``too_few`` ``(N,)`` say why the others went: their distance, or their class,
    of which too few pictures were left.
    """

    distances: NDArray[np.float32]
    threshold: float
    too_far: NDArray[np.bool_]
    too_few: NDArray[np.bool_]

    @property
    def is_kept(self) -> NDArray[np.bool_]:
        return np.asarray(~(self.too_far | self.too_few))


def distances_to_centre(
    vectors: Vectors, labels: Sequence[int] | NDArray[np.int64], *, centre: CentreRule = "mean"
) -> NDArray[np.float32]:
    """``(N, D)`` and ``(N,)`` in, ``(N,)`` Euclidean distances to the class's centre out.

    ``mean`` is FaceNet's; ``median``, of each number, does not follow the outliers themselves,
    which matters for classes of few pictures. Raises ``ValueError`` for shapes that do not fit.
    """
    column = np.asarray(labels, np.int64)
    if vectors.ndim != 2 or column.shape != (len(vectors),):
        raise ValueError(f"{vectors.shape} vectors need as many labels, got {column.shape}")
    distances = np.zeros(len(vectors), np.float32)
    for label in np.unique(column).tolist():
        own = column == label
        rows = vectors[own].astype(np.float64)
        middle = rows.mean(axis=0) if centre == "mean" else np.median(rows, axis=0)
        distances[own] = np.linalg.norm(rows - middle, axis=1)
    return distances


def filter_pictures(
    distances: NDArray[np.float32],
    labels: Sequence[int] | NDArray[np.int64],
    *,
    percentile: float = 100.0,
    least_pictures: int = 0,
) -> Filtered:
    """Drop what lies beyond the percentile, then classes with fewer than ``least_pictures`` left.

    100 drops nothing by distance. The percentile is exact; FaceNet read it from a histogram of 100
    bins. Raises ``ValueError`` for a percentile outside (0, 100] and ``DatasetRejected`` where
    nothing is left.
    """
    if not 0.0 < percentile <= 100.0:
        raise ValueError(f"percentile is {percentile}; above 0 and at most 100 is needed")
    column = np.asarray(labels, np.int64)
    if not len(distances):
        raise DatasetRejected("There is no picture to filter.")
    threshold = float(np.percentile(distances, percentile))
    too_far = np.asarray(distances > np.float32(threshold))
    names, counts = np.unique(column[~too_far], return_counts=True)
    too_few = np.asarray(~too_far & ~np.isin(column, names[counts >= least_pictures]))
    found = Filtered(distances, threshold, too_far, too_few)
    if not found.is_kept.any():
        raise DatasetRejected(
            f"Nothing is left of {len(distances):,} pictures: no class has {least_pictures} pictures "
            f"within the {percentile:g}th percentile. Ask for fewer, or a higher percentile."
        )
    return found
