"""Which triplets and pairs of a batch are worth learning from. numpy only; all draws are seeded.

Rules take the squared Euclidean distances of unit vectors, as FaceNet does. Public surface: the
names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MINING_RULES",
    "MiningRule",
    "all_pairs",
    "balanced_pairs",
    "batch_hard",
    "mine",
    "semi_hard",
    "squared_distances",
    "vgg_random",
]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Triplets = NDArray[np.int64]
MiningRule = Literal["vgg_random", "semi_hard", "batch_hard", "all_pairs"]


def squared_distances(vectors: NDArray[np.float32]) -> Floats:
    """``(N, D)`` to ``(N, N)``: squared Euclidean distances, never below 0."""
    rows = np.asarray(vectors, dtype=np.float64)
    squares = (rows**2).sum(axis=1)
    distances: Floats = (squares[:, None] + squares[None] - 2.0 * rows @ rows.T).clip(min=0.0)
    return distances


def mine(
    rule: MiningRule,
    *,
    vectors: NDArray[np.float32],
    labels: Labels,
    margin: float = 0.2,
    rng: np.random.Generator,
) -> Triplets:
    """Triplets ``(T, 3)`` of rows (anchor, positive, negative) by ``rule``."""
    return MINING_RULES[rule](squared_distances(vectors), labels, margin, rng)


def vgg_random(
    distances: Floats, labels: Labels, margin: float, rng: np.random.Generator
) -> Triplets:
    """Per pair of one person, one of the negatives that violate the margin, each equally likely.

    ``select_triplets`` of facenet ("VGG-Face" rule): every pair once, the earlier picture is the
    anchor, a negative counts where ``d_an - d_ap < margin``. A pair without such a negative gives
    no triplet.
    """
    return _drawn(distances, labels, margin, rng, is_semi_hard=False)


def semi_hard(
    distances: Floats, labels: Labels, margin: float, rng: np.random.Generator
) -> Triplets:
    """As ``vgg_random``, but only negatives farther than the positive: ``d_ap < d_an``.

    FaceNet's rule of Schroff et al. 2015, which keeps a young network from collapsing.
    """
    return _drawn(distances, labels, margin, rng, is_semi_hard=True)


def batch_hard(
    distances: Floats, labels: Labels, margin: float, rng: np.random.Generator
) -> Triplets:
    """Every picture with its farthest positive and its nearest negative (Hermans et al. 2017).

    Neither margin nor draw plays a part; of equals the first row counts.
    """
    found = []
    for anchor, positives, negatives in _anchors(labels):
        positive = positives[np.argmax(distances[anchor, positives])]
        negative = negatives[np.argmin(distances[anchor, negatives])]
        found.append((anchor, positive, negative))
    return _triplets(found)


def all_pairs(
    distances: Floats, labels: Labels, margin: float, rng: np.random.Generator
) -> Triplets:
    """All ordered pairs of one person, each with its hardest semi-hard negative.

    Schroff et al. 2015, section 3.2: all anchor-positive pairs, and of the negatives inside the
    margin but farther than the positive the nearest; of equals the first row.
    """
    found = []
    for anchor, positives, negatives in _anchors(labels):
        to_negatives = distances[anchor, negatives]
        order = np.argsort(to_negatives, kind="stable")
        sorted_distances = to_negatives[order]
        near = distances[anchor, positives]
        at = np.searchsorted(sorted_distances, near, side="right")
        for positive, own, first in zip(positives, near, at, strict=True):
            if first < len(order) and sorted_distances[first] - own < margin:
                found.append((anchor, positive, negatives[order[first]]))
    return _triplets(found)


def balanced_pairs(
    labels: Labels, *, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """All pairs ``(P, 2)`` of one person, and as many of two, drawn without repetition.

    Fewer of the latter where there are not as many. ``is_same`` is ``(P,)``.
    """
    first, second = np.triu_indices(len(labels), k=1)
    is_same = labels[first] == labels[second]
    same, other = np.flatnonzero(is_same), np.flatnonzero(~is_same)
    drawn = rng.permutation(other)[: len(same)]
    chosen = np.concatenate([same, np.sort(drawn)])
    return np.stack([first[chosen], second[chosen]], axis=1), is_same[chosen]


def _drawn(
    distances: Floats,
    labels: Labels,
    margin: float,
    rng: np.random.Generator,
    *,
    is_semi_hard: bool,
) -> Triplets:
    found = []
    for anchor, positives, negatives in _anchors(labels):
        later = positives[positives > anchor]
        if not len(later):
            continue
        near = distances[anchor, later][:, None]
        far = distances[anchor, negatives][None]
        candidates = far - near < margin  # (P, N)
        if is_semi_hard:
            candidates &= near < far
        # One draw a pair, whether or not it has a candidate: the draws of one pair do not hang on
        # the distances of another.
        draws = rng.random(len(later))
        for positive, row, draw in zip(later, candidates, draws, strict=True):
            usable = np.flatnonzero(row)
            if len(usable):
                found.append((anchor, positive, negatives[usable[int(draw * len(usable))]]))
    return _triplets(found)


def _anchors(labels: Labels) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Every row that has both: its other pictures, and everybody else's."""
    for anchor, label in enumerate(labels):
        is_same = labels == label
        negatives = np.flatnonzero(~is_same)
        is_same[anchor] = False
        positives = np.flatnonzero(is_same)
        if len(positives) and len(negatives):
            yield anchor, positives, negatives


def _triplets(found: list[tuple[int, np.int64, np.int64]]) -> Triplets:
    return np.array(found, dtype=np.int64).reshape(-1, 3)


MINING_RULES: Mapping[
    MiningRule, Callable[[Floats, Labels, float, np.random.Generator], Triplets]
] = MappingProxyType(
    {
        "vgg_random": vgg_random,
        "semi_hard": semi_hard,
        "batch_hard": batch_hard,
        "all_pairs": all_pairs,
    }
)
