"""How well a clustering agrees with the truth, pair by pair.

Public surface: ``pairwise_scores``, ``ClusterScores``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClusterScores", "pairwise_scores"]


@dataclass(frozen=True, slots=True)
class ClusterScores:
    """Over all pairs of faces: ``precision`` is the share of those put together that belong
    together, ``recall`` the share of those that belong together that were put together,
    ``f_score`` their harmonic mean; ``adjusted_rand`` (Hubert and Arabie 1985) is 1 for the truth
    and 0 on average for chance."""

    precision: float
    recall: float
    f_score: float
    adjusted_rand: float


def pairwise_scores(truth: Sequence[str], labels: NDArray[np.int64]) -> ClusterScores:
    """Compare ``(N,)`` labels with whose each face is. Of no pairs, all are right.

    Raises ``ValueError`` where the two are not equally many.
    """
    if len(truth) != len(labels):
        raise ValueError(f"{len(truth)} names came with {len(labels)} labels. Send one for each.")
    true_codes = np.unique(np.asarray(truth, dtype=np.str_), return_inverse=True)[1]
    codes = np.unique(labels, return_inverse=True)[1]
    both = true_codes.astype(np.int64) * (int(codes.max(initial=0)) + 1) + codes
    right, belong, joined = _pairs(both), _pairs(true_codes), _pairs(codes)
    precision = right / joined if joined else 1.0
    recall = right / belong if belong else 1.0
    total = len(labels) * (len(labels) - 1) // 2
    by_chance = belong * joined / total if total else 0.0
    most = (belong + joined) / 2.0
    return ClusterScores(
        precision=precision,
        recall=recall,
        f_score=2.0 * precision * recall / (precision + recall) if right else float(not most),
        adjusted_rand=(right - by_chance) / (most - by_chance) if most != by_chance else 1.0,
    )


def _pairs(codes: NDArray[np.int64]) -> int:
    counts = np.unique(codes, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())
