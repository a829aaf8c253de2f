"""From a score to a probability that two pictures show one person, and how true that is.

Public surface: ``LogisticCalibration``, ``IsotonicCalibration`` with their ``fit_…``,
``reliability`` with ``Reliability`` and ``ReliabilityBin``, ``cross_fitted``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.errors import TooFewComparisons
from recognition.evaluation.intervals import Share, share_of

__all__ = [
    "IsotonicCalibration",
    "LogisticCalibration",
    "Reliability",
    "ReliabilityBin",
    "cross_fitted",
    "fit_isotonic",
    "fit_logistic",
    "reliability",
]

Floats = NDArray[np.float64]
Fit = Callable[[Floats, NDArray[np.bool_]], Callable[[Floats], Floats]]

_ROUNDS = 100
_LARGEST_EXPONENT = 500.0


@dataclass(frozen=True, slots=True)
class LogisticCalibration:
    """Platt's curve: 1 / (1 + exp(-(slope * score + intercept)))."""

    slope: float
    intercept: float

    def __call__(self, scores: Floats) -> Floats:
        return _sigmoid(self.slope * scores + self.intercept)


@dataclass(frozen=True, slots=True, eq=False)
class IsotonicCalibration:
    """The best never-falling curve: ``probabilities`` at ``scores``, straight between them."""

    scores: Floats
    probabilities: Floats

    def __call__(self, scores: Floats) -> Floats:
        return np.interp(scores, self.scores, self.probabilities)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Cases whose stated probability lies in [low, high): what was said, and what was true."""

    low: float
    high: float
    mean_stated: float
    genuine: Share


@dataclass(frozen=True, slots=True)
class Reliability:
    """``ece`` is the mean gap between stated and true, weighted by cases; ``brier`` the mean
    squared error of the stated probabilities. Bins without cases are absent."""

    bins: tuple[ReliabilityBin, ...]
    ece: float
    brier: float


def fit_logistic(scores: Floats, is_genuine: NDArray[np.bool_]) -> LogisticCalibration:
    """Platt (1999): maximum likelihood towards (n + 1) / (n + 2) and 1 / (n + 2) by Newton's steps.

    These targets in place of 1 and 0 keep the slope finite where the classes do not overlap. The
    probabilities hold for the share of genuine comparisons that was fitted on. Raises
    ``TooFewComparisons`` without comparisons of both kinds.
    """
    genuine, impostors = _both_kinds(is_genuine)
    targets = np.where(is_genuine, (genuine + 1) / (genuine + 2), 1 / (impostors + 2))
    spread = float(scores.std()) or 1.0
    design = np.stack([(scores - scores.mean()) / spread, np.ones_like(scores)], axis=1)
    weights = np.zeros(2)
    loss = _loss(design @ weights, targets)
    for _ in range(_ROUNDS):
        stated = _sigmoid(design @ weights)
        gradient = design.T @ (stated - targets)
        curvature = (design * (stated * (1 - stated))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while (moved := _loss(design @ (weights - step), targets)) > loss and np.abs(
            step
        ).max() > 1e-12:
            step = step / 2
        weights, gain, loss = weights - step, loss - moved, moved
        if gain < 1e-12 * max(1.0, abs(loss)):
            break
    slope = float(weights[0] / spread)
    return LogisticCalibration(slope, float(weights[1] - slope * scores.mean()))


def fit_isotonic(scores: Floats, is_genuine: NDArray[np.bool_]) -> IsotonicCalibration:
    """Pool adjacent violators (Ayer et al., 1955); equal scores are one point.

    Raises ``TooFewComparisons`` without comparisons of both kinds.
    """
    _both_kinds(is_genuine)
    points, position = np.unique(scores, return_inverse=True)
    sizes = np.bincount(position).astype(np.float64)
    means = np.bincount(position, weights=is_genuine.astype(np.float64)) / sizes
    blocks: list[tuple[float, float, int]] = []  # mean, cases, points
    for mean, size in zip(means.tolist(), sizes.tolist(), strict=True):
        blocks.append((mean, size, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (one, cases, count), (other, more, further) = blocks[-2:]
            together = (one * cases + other * more) / (cases + more)
            blocks[-2:] = [(together, cases + more, count + further)]
    fitted = np.repeat([mean for mean, _, _ in blocks], [count for _, _, count in blocks])
    return IsotonicCalibration(points, fitted)


def cross_fitted(
    scores: Floats, is_genuine: NDArray[np.bool_], *, fold: NDArray[np.int64], fit: Fit
) -> Floats:
    """Probabilities for each fold by a curve that was fitted on the others: no case judges itself."""
    stated = np.empty(len(scores))
    for one in np.unique(fold):
        test = fold == one
        stated[test] = fit(scores[~test], is_genuine[~test])(scores[test])
    return stated


def reliability(stated: Floats, is_genuine: NDArray[np.bool_], *, bins: int = 10) -> Reliability:
    """Compare stated probabilities with what was true, in ``bins`` equal parts of [0, 1]."""
    if len(stated) == 0 or stated.min() < 0 or stated.max() > 1:
        raise ValueError("expected at least one probability, all between 0 and 1")
    place = np.minimum((stated * bins).astype(np.int64), bins - 1)
    found = []
    for number in range(bins):
        own = place == number
        if own.any():
            found.append(
                ReliabilityBin(
                    number / bins,
                    (number + 1) / bins,
                    float(stated[own].mean()),
                    share_of(int(is_genuine[own].sum()), int(own.sum())),
                )
            )
    gaps = [abs(b.mean_stated - b.genuine.count / b.genuine.total) * b.genuine.total for b in found]
    return Reliability(
        tuple(found), sum(gaps) / len(stated), float(((stated - is_genuine) ** 2).mean())
    )


def _both_kinds(is_genuine: NDArray[np.bool_]) -> tuple[int, int]:
    genuine = int(is_genuine.sum())
    impostors = len(is_genuine) - genuine
    if not genuine or not impostors:
        raise TooFewComparisons(
            f"{genuine} genuine and {impostors} impostor comparisons; a curve needs both kinds"
        )
    return genuine, impostors


def _sigmoid(values: Floats) -> Floats:
    bounded = values.clip(-_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    return np.asarray(1.0 / (1.0 + np.exp(-bounded)))


def _loss(values: Floats, targets: Floats) -> float:
    return float((np.logaddexp(0.0, values) - targets * values).sum())
