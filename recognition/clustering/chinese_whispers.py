"""Chinese Whispers (Biemann 2006) on the graph of similar faces.

Public surface: ``chinese_whispers``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors

__all__ = ["chinese_whispers"]

_BLOCK_ROWS = 1024


def chinese_whispers(
    vectors: Vectors, *, threshold: float, iterations: int = 20, seed: int = 666
) -> NDArray[np.int64]:
    """``(N, D)`` unit rows in, ``(N,) int64`` labels out; the labels are arbitrary numbers, and
    ``threshold`` is above 0.

    Edges join faces whose cosine is ``threshold`` or more and weigh as much as the cosine. In each
    round every face, in a random order, takes the label with the greatest sum of weights among its
    neighbours; rounds end early once no label changes. A face keeps its label where that weighs as
    much as any other. Takes 8 bytes for each neighbour of each face: at most 0.8 GB at 10,000.
    """
    neighbours, weights = _graph(vectors, threshold)
    labels = np.arange(len(vectors), dtype=np.int64)
    linked = np.nonzero([len(found) for found in neighbours])[0]
    random = np.random.default_rng(seed)
    for _ in range(iterations):
        changes = 0
        for face in random.permutation(linked):
            votes = np.bincount(
                labels[neighbours[face]], weights=weights[face], minlength=len(vectors)
            )
            best = votes.argmax()
            if votes[labels[face]] < votes[best]:
                labels[face] = best
                changes += 1
        if not changes:
            break
    return labels


def _graph(
    vectors: Vectors, threshold: float
) -> tuple[list[NDArray[np.int32]], list[NDArray[np.float32]]]:
    """Each face's neighbours and the weights of the edges to them, as views of a block's arrays."""
    neighbours: list[NDArray[np.int32]] = []
    weights: list[NDArray[np.float32]] = []
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[start : start + _BLOCK_ROWS]
        cosines = block @ vectors.T
        own = np.arange(len(block))
        cosines[own, own + start] = -np.inf
        rows, columns = np.nonzero(cosines >= threshold)
        ends = np.cumsum(np.bincount(rows, minlength=len(block)))[:-1]
        neighbours += np.split(columns.astype(np.int32), ends)
        weights += np.split(cosines[rows, columns], ends)
    return neighbours, weights
