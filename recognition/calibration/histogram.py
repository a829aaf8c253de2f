"""Counts of scores in fine bins, so that millions of comparisons need no memory of their own.

Public surface: ``Histogram``, ``BIN_WIDTH``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BIN_WIDTH", "Histogram"]

BIN_WIDTH = 0.001
_BINS = 2000  # from -1 to 1


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """``counts``, ``(2000,) int64``: bin i holds the cosines in [-1 + i/1000, -1 + (i+1)/1000)."""

    counts: NDArray[np.int64]

    @classmethod
    def none(cls) -> Histogram:
        return cls(np.zeros(_BINS, np.int64))

    @classmethod
    def of(cls, scores: Sequence[float] | NDArray[Any]) -> Histogram:
        """Count finite scores, of any shape; others are left out."""
        values = np.asarray(scores)
        values = values[np.isfinite(values)]
        # a score on an edge belongs above it, also after its rounding to float32
        place = np.floor((values.astype(np.float64) + 1.0) / BIN_WIDTH + 1e-6).astype(np.int64)
        return cls(np.bincount(place.clip(0, _BINS - 1), minlength=_BINS))

    def plus(self, other: Histogram) -> Histogram:
        return Histogram(self.counts + other.counts)

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    @property
    def lower_edges(self) -> NDArray[np.float64]:
        """``(2000,)``: where each bin begins."""
        return np.round(np.arange(_BINS) * BIN_WIDTH - 1.0, 3)

    @property
    def reaching(self) -> NDArray[np.int64]:
        """``(2000,)``: how many scores reach each bin's lower edge."""
        return np.asarray(self.counts[::-1].cumsum()[::-1])

    def coarse(self, bins: int = 100) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """For drawing: the ``bins + 1`` edges and the counts between; 2000 is a multiple of it."""
        if bins < 1 or _BINS % bins:
            raise ValueError(f"{bins} bins came; a divisor of {_BINS} is needed.")
        return np.linspace(-1.0, 1.0, bins + 1), self.counts.reshape(bins, -1).sum(axis=1)
