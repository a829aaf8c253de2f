"""How alike two fused vectors are, as the thresholds mean it.

Public surface: ``likeness``, ``likenesses``, ``is_somebody_else``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_somebody_else", "likeness", "likenesses"]

# Of one person's faces within a passage the cosines lie about 0.7 and hardly ever below 0.3, of
# two people's about 0 and below 0.2 for all but a few in a hundred.
SOMEBODY_ELSE_BELOW = 0.2


_SHORTEST = 1e-9


def likeness(one: NDArray[Any], other: NDArray[Any], *, mean: NDArray[Any]) -> float:
    """The cosine of two ``(D,)`` vectors about ``mean``: comparable with a threshold in force."""
    return float(likenesses(one, [other], mean=mean)[0])


def likenesses(
    one: NDArray[Any], others: Sequence[NDArray[Any]], *, mean: NDArray[Any]
) -> NDArray[np.float64]:
    """``likeness`` of one ``(D,)`` vector with each of several, as ``(N,) float64``."""
    if not others:
        return np.empty(0)
    first = np.asarray(one, np.float64) - mean
    rest = np.asarray(others, np.float64) - mean
    lengths = np.linalg.norm(first) * np.linalg.norm(rest, axis=1)
    # What lies on the mean is like nobody.
    alike = rest @ first / np.maximum(lengths, _SHORTEST)
    return np.where(lengths > _SHORTEST, alike, 0.0)


def is_somebody_else(look: NDArray[Any], fused: NDArray[Any], *, mean: NDArray[Any]) -> bool:
    """Whether a usable face is so unlike the passage that it counts as another person's.

    One such face may be an error; when the next is like it too, two people have crossed, and the
    passage is to be cut before them.
    """
    return likeness(look, fused, mean=mean) < SOMEBODY_ELSE_BELOW
