"""Everybody against everybody: who is enrolled twice. Public surface: ``Pair``, ``all_pairs_above``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recognition.contracts import Vectors
from recognition.errors import IndexMismatch

__all__ = ["Pair", "all_pairs_above"]

_BLOCK = 2048  # rows compared with rows at a time: 16 MB of scores, whatever N is
_ROUNDING = 1e-5  # of float32 products against the float64 sums that decide
_MOST_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows, the ``first`` being the lower number, and their cosine similarity."""

    first: int
    second: int
    score: float


def all_pairs_above(
    vectors: Vectors, threshold: float, *, most: int = _MOST_PAIRS
) -> tuple[Pair, ...]:
    """Every two of ``(N, D) float32`` unit rows with a similarity of ``threshold`` or more.

    Best first, then by row. Memory grows with the pairs found, not with N squared; time does.
    Raises ``ValueError`` where more than ``most`` are found, because the threshold is then far
    too low to mean anything, and ``IndexMismatch`` for anything but a matrix of finite float32.
    """
    if vectors.ndim != 2 or vectors.dtype != np.float32 or not np.isfinite(vectors).all():
        raise IndexMismatch(
            f"An array of {vectors.dtype} and shape {vectors.shape} came; expected (N, D) float32 "
            "rows of unit length, without NaN."
        )
    found: list[Pair] = []
    for top in range(0, len(vectors), _BLOCK):
        upper = vectors[top : top + _BLOCK]
        for left in range(top, len(vectors), _BLOCK):
            other = vectors[left : left + _BLOCK]
            first, second = np.nonzero(upper @ other.T >= threshold - _ROUNDING)
            once = first + top < second + left
            first, second = first[once], second[once]
            # before the products are taken again: a threshold of 0 would ask for gigabytes here
            if len(found) + len(first) > most:
                raise ValueError(
                    f"More than {most} pairs reach {threshold}. Ask for a higher threshold."
                )
            exact = np.einsum("ij,ij->i", upper[first].astype(np.float64), other[second])
            found.extend(
                Pair(int(i) + top, int(j) + left, float(score))
                for i, j, score in zip(first, second, exact, strict=True)
                if score >= threshold
            )
    return tuple(sorted(found, key=lambda pair: (-pair.score, pair.first, pair.second)))
