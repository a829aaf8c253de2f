"""One-to-one figures from scores: ROC, DET, AUC, EER, precision, and TMR at a wished FMR.

Higher scores mean more alike; a comparison is a match where its score reaches the threshold.
Terms are those of ISO/IEC 19795-1: FMR (FAR), TMR (TAR, VAL), FNMR (FRR). Public surface: the
names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.errors import TooFewComparisons

__all__ = [
    "FoldAccuracy",
    "OperatingPoint",
    "RocCurve",
    "accuracy_by_folds",
    "area_under",
    "best_accuracy",
    "equal_error_rate",
    "operating_point",
    "precision_recall",
    "resolution_note",
    "roc_curve",
]

Floats = NDArray[np.float64]
# Thirty errors make a rate good to 30 % with 90 % confidence (Porter's "rule of 30", as quoted in
# ISO/IEC 19795-1).
_ERRORS_FOR_TRUST = 30


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Shares of impostor and genuine comparisons that reach each threshold, ``(K,) float64`` each.

    Thresholds fall from just above the highest score, where nothing matches, through every score
    that occurs, to the lowest, where everything does.
    """

    thresholds: Floats
    fmr: Floats
    tmr: Floats
    genuine: int
    impostors: int

    @property
    def fnmr(self) -> Floats:
        return 1.0 - self.tmr


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The highest TMR with an FMR of at most ``target_fmr``, and what was really counted there.

    ``threshold`` is the lowest score that is accepted. ``note`` says where the comparisons are too
    few to know the rate, and is empty where they suffice.
    """

    target_fmr: float
    threshold: float
    fmr: float
    tmr: float
    false_matches: int
    impostors: int
    genuine: int
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class FoldAccuracy:
    """Mean and standard deviation over the folds; per fold ``(folds,)``, ``is_right`` per pair."""

    accuracy: float
    accuracy_std: float
    accuracies: Floats
    thresholds: Floats
    is_right: NDArray[np.bool_]


def roc_curve(scores: Sequence[float] | NDArray[Any], is_genuine: NDArray[np.bool_]) -> RocCurve:
    """Count at every threshold.

    Raises ``TooFewComparisons`` without comparisons of both kinds, and ``ValueError`` for NaN.
    """
    values = np.asarray(scores, dtype=np.float64)
    genuine, impostors = int(is_genuine.sum()), int((~is_genuine).sum())
    if values.shape != is_genuine.shape or not genuine or not impostors:
        raise TooFewComparisons(
            f"{genuine} genuine and {impostors} impostor comparisons for {values.size} scores; "
            "expected at least one of each, and as many labels as scores"
        )
    if np.isnan(values).any():
        raise ValueError("a score is NaN; expected numbers")
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], is_genuine[order]
    ends = np.append(np.flatnonzero(values[1:] != values[:-1]), len(values) - 1)
    return RocCurve(
        thresholds=np.concatenate([[np.nextafter(values[0], np.inf)], values[ends]]),
        fmr=np.concatenate([[0.0], np.cumsum(~truth)[ends] / impostors]),
        tmr=np.concatenate([[0.0], np.cumsum(truth)[ends] / genuine]),
        genuine=genuine,
        impostors=impostors,
    )


def area_under(curve: RocCurve) -> float:
    """AUC by trapezoids: the chance that a genuine score beats an impostor's, ties half."""
    return float(np.trapezoid(curve.tmr, curve.fmr))


def equal_error_rate(curve: RocCurve) -> tuple[float, float]:
    """Where FMR and FNMR are equal, on straight lines between the points; and the threshold there."""
    gap = curve.fmr - curve.fnmr  # from -1 to 1, never falling
    after = int(np.argmax(gap >= 0.0))
    part = gap[after - 1] / (gap[after - 1] - gap[after])
    rate = curve.fmr[after - 1] + part * (curve.fmr[after] - curve.fmr[after - 1])
    return float(rate), float(curve.thresholds[after])


def operating_point(curve: RocCurve, *, fmr: float) -> OperatingPoint:
    """Read the curve at a wished FMR. Raises ``ValueError`` for one outside [0, 1]."""
    if not 0.0 <= fmr <= 1.0:
        raise ValueError(f"fmr is {fmr}; expected a share between 0 and 1")
    at = int(np.searchsorted(curve.fmr, fmr, side="right")) - 1
    return OperatingPoint(
        target_fmr=fmr,
        threshold=float(curve.thresholds[at]),
        fmr=float(curve.fmr[at]),
        tmr=float(curve.tmr[at]),
        false_matches=round(curve.fmr[at] * curve.impostors),
        impostors=curve.impostors,
        genuine=curve.genuine,
        note=resolution_note(fmr, curve.impostors),
    )


def resolution_note(rate: float, comparisons: int) -> str:
    """What so many comparisons can say of so small a rate; empty where it is known well."""
    expected = rate * comparisons
    if expected < 1.0:
        return f"too few: {comparisons:,} comparisons resolve {1 / comparisons:.2g} at best"
    if expected < _ERRORS_FOR_TRUST:
        return f"weak: hangs on {int(expected)} errors, {_ERRORS_FOR_TRUST} are needed"
    return ""


def best_accuracy(curve: RocCurve) -> tuple[float, float]:
    """The highest share of right answers over all thresholds, and the highest such threshold."""
    right = curve.tmr * curve.genuine + (1.0 - curve.fmr) * curve.impostors
    at = int(np.argmax(right))
    return float(right[at] / (curve.genuine + curve.impostors)), float(curve.thresholds[at])


def accuracy_by_folds(
    scores: Floats, *, is_genuine: NDArray[np.bool_], fold: NDArray[np.int64]
) -> FoldAccuracy:
    """Judge each fold at the threshold that was best on the others; a single fold judges itself.

    Raises ``TooFewComparisons`` where the others lack comparisons of a kind.
    """
    folds = np.unique(fold)
    is_right = np.empty(len(scores), np.bool_)
    thresholds = []
    for one in folds:
        test = fold == one
        train = ~test if len(folds) > 1 else test
        _, threshold = best_accuracy(roc_curve(scores[train], is_genuine[train]))
        is_right[test] = (scores[test] >= threshold) == is_genuine[test]
        thresholds.append(threshold)
    accuracies = np.array([is_right[fold == one].mean() for one in folds])
    return FoldAccuracy(
        float(accuracies.mean()),
        float(accuracies.std()),
        accuracies,
        np.array(thresholds),
        is_right,
    )


def precision_recall(curve: RocCurve) -> tuple[Floats, Floats]:
    """Per threshold of the curve: right among the matches (1 where there is none), and the TMR."""
    matched = curve.tmr * curve.genuine
    named = matched + curve.fmr * curve.impostors
    precision = np.divide(matched, named, out=np.ones_like(named), where=named > 0)
    return precision, curve.tmr
