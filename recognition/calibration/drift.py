"""Whether somebody's own scores, or a camera's, have changed for good, and since when.

Public surface: ``Drift``, ``detect_drift``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.calibration.errors import EvidenceRejected

__all__ = ["Drift", "detect_drift"]

Floats = NDArray[np.float64]

_LEAST_DAYS = 8
_LEAST_AROUND = 3  # days on either side of a change
_PERMUTATIONS = 999
_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Drift:
    """``fell`` or ``rose`` where the scores changed on the day ``since`` by at least the least that
    matters and not by chance; ``steady`` otherwise. ``before`` and ``after`` are means over days,
    ``p`` the chance of so clear a change among days in any order. ``too_few`` days to say: the
    figures are None."""

    state: Literal["fell", "rose", "steady", "too_few"]
    days: int
    faces: int
    before: float | None = None
    after: float | None = None
    since: np.datetime64 | None = None
    p: float | None = None

    @property
    def change(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before


def detect_drift(
    scores: Sequence[float] | NDArray[Any],
    *,
    times: NDArray[np.datetime64],
    minimum_effect: float = 0.05,
    alpha: float = 0.01,
    seed: int = 0,
) -> Drift:
    """Look for the one day that divides the scores best.

    Faces of a day share its light and are one value, their mean. The days are ranked, so that a
    few wild ones decide nothing, and every day is tried as the beginning: the statistic is the
    greatest of the standardised rank sums (Pettitt 1979, weighted as a t value), its chance that
    among the same days shuffled. ``times`` are ``datetime64``, in the site's own day; the last 366
    days with a face count. Raises ``EvidenceRejected`` for scores that are no numbers.
    """
    values = np.asarray(scores, np.float64)
    if values.shape != np.shape(times) or values.ndim != 1 or not np.isfinite(values).all():
        raise EvidenceRejected(
            f"{np.shape(times)} times came with scores of shape {values.shape}, or a score is no "
            "number; expected a finite score for each time."
        )
    days, codes = np.unique(times.astype("datetime64[D]"), return_inverse=True)
    daily = np.bincount(codes, values, len(days)) / np.maximum(np.bincount(codes), 1)
    days, daily = days[-_MOST_DAYS:], daily[-_MOST_DAYS:]
    if len(days) < _LEAST_DAYS:
        return Drift("too_few", len(days), len(values))
    ranks = _ranks(daily)
    if not ranks.std():
        mean = float(daily.mean())
        return Drift("steady", len(days), len(values), mean, mean, None, 1.0)
    splits = _clarity(ranks[None])[0]
    shuffled = np.random.default_rng(seed).permuted(
        np.broadcast_to(ranks, (_PERMUTATIONS, len(ranks))), axis=1
    )
    by_chance = _clarity(shuffled).max(axis=1)
    p = (1 + int((by_chance >= splits.max() - 1e-9).sum())) / (_PERMUTATIONS + 1)
    first = _LEAST_AROUND + int(splits.argmax())
    before, after = float(daily[:first].mean()), float(daily[first:].mean())
    is_drift = p <= alpha and abs(after - before) >= minimum_effect
    state: Literal["fell", "rose", "steady"] = "steady"
    if is_drift:
        state = "fell" if after < before else "rose"
    return Drift(state, len(days), len(values), before, after, days[first] if is_drift else None, p)


def _ranks(values: Floats) -> Floats:
    """From 1, equals sharing the mean of theirs; about their middle."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean = counts.cumsum() - (counts - 1) / 2.0
    ranks: Floats = mean[codes] - (len(values) + 1) / 2.0
    return ranks


def _clarity(ranks: Floats) -> Floats:
    """``(rows, days)`` in, how clearly each allowed day divides a row out."""
    days = ranks.shape[1]
    before = np.arange(_LEAST_AROUND, days - _LEAST_AROUND + 1)
    sums = ranks.cumsum(axis=1)[:, before - 1]
    clarity: Floats = np.abs(sums) / np.sqrt(before * (days - before) / days)
    return clarity
