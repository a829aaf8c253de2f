"""Taking away what all faces have in common before vectors are compared.

SFace's unit vectors do not spread about the origin: their mean is a third of a unit long, is part
of every score, and differs from one crowd to another. Public surface: ``centred``,
``site_mean``, ``PRIOR_PEOPLE``. Measured in ``bench/ACCURACY.md``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.errors import IndexMismatch

__all__ = ["PRIOR_PEOPLE", "centred", "site_mean"]

# How many people the training set's mean counts for beside a site's own. With 30, the threshold
# for a given FPIR is that of a well-known mean to 0.008 with 10 people enrolled, to 0.003 with 30.
PRIOR_PEOPLE = 30.0


def centred(vectors: Vectors, *, mean: NDArray[Any]) -> Vectors:
    """``(N, D) float32`` unit rows about ``mean``, ``(D,)``, brought back to unit length.

    Gallery and probes must go through the same mean. Raises ``IndexMismatch`` for shapes that do
    not fit and for a vector that is the mean itself, which no face's is.
    """
    if vectors.ndim != 2 or np.shape(mean) != vectors.shape[1:]:
        raise IndexMismatch(
            f"Vectors {vectors.shape} cannot be centred on a mean of shape {np.shape(mean)}; "
            f"expected (N, D) and (D,)."
        )
    moved = vectors.astype(np.float64) - np.asarray(mean, dtype=np.float64)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    if (lengths < 1e-3).any():
        raise IndexMismatch(
            "A vector equals the mean that it is centred on. Was the mean taken of one person?"
        )
    return np.asarray(moved / lengths, dtype=np.float32)


def site_mean(
    templates: Vectors, *, prior: NDArray[Any], prior_people: float = PRIOR_PEOPLE
) -> NDArray[np.float32]:
    """The mean that a site's vectors are centred on, ``(D,) float32``.

    ``templates`` is ``(N, D) float32``, one unit vector for each person enrolled (see
    ``index.fuse_templates``), not centred; N may be 0. ``prior``, ``(D,)``, is the mean before
    anybody is enrolled, ``network_mean`` or zeros; it counts for ``prior_people`` people, so that
    a few who look alike do not move everybody. Raises ``IndexMismatch`` for shapes that do not
    fit and ``ValueError`` where ``prior_people`` is not positive.
    """
    if templates.ndim != 2 or np.shape(prior) != templates.shape[1:]:
        raise IndexMismatch(
            f"Templates of shape {templates.shape} came with a prior of shape {np.shape(prior)}; "
            f"expected (N, D) and (D,)."
        )
    if not prior_people > 0.0:
        raise ValueError(f"prior_people is {prior_people}; a positive number is needed.")
    total = templates.sum(axis=0, dtype=np.float64)
    total += prior_people * np.asarray(prior, dtype=np.float64)
    return np.asarray(total / (len(templates) + prior_people), dtype=np.float32)
