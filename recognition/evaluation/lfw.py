"""The LFW protocol ("image-restricted", ten folds) as FaceNet's scripts define it, without their faults.

Thresholds are chosen on nine folds and judged on the tenth. Distances of unit vectors: metric 0 is
the squared Euclidean distance (0 to 4), metric 1 the angle divided by pi (0 to 1). Public surface:
the names in ``__all__``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.errors import TooFewComparisons

__all__ = [
    "LfwResult",
    "Metric",
    "Thresholds",
    "consecutive_folds",
    "evaluate_lfw",
    "pair_distances",
]

Metric = Literal[0, 1]
Thresholds = Literal["grid", "exact"]
Floats = NDArray[np.float64]

# facenet.py: accuracy over 0…4 by 0.01, VAL by 0.001, both for either metric.
_ACCURACY_GRID: Floats = np.arange(0, 4, 0.01)
_VAL_GRID: Floats = np.arange(0, 4, 0.001)


@dataclass(frozen=True, slots=True, eq=False)
class LfwResult:
    """Means and standard deviations are over the folds (the published ± is the latter).

    ``thresholds`` and ``accuracies`` are ``(folds,)``; ``distances`` ``(pairs,)`` as each pair was
    judged in its own fold, ``is_right`` whether it was judged right. ``val`` is the TMR at a
    threshold chosen for ``target_far`` on the other folds, ``far`` what it really let through, and
    ``is_accepted`` whom it accepted.
    ``auc`` and ``eer`` are those of the mean ROC over the threshold grid.
    """

    accuracy: float
    accuracy_std: float
    val: float
    val_std: float
    far: float
    target_far: float
    auc: float
    eer: float
    accuracies: Floats
    thresholds: Floats
    distances: Floats
    is_right: NDArray[np.bool_]
    is_accepted: NDArray[np.bool_]
    fold: NDArray[np.int64]

    @property
    def accuracy_error(self) -> float:
        """Standard error of the mean accuracy, as LFW's own results page gives it."""
        return float(self.accuracy_std / np.sqrt(len(self.accuracies)))


def consecutive_folds(pairs: int, *, folds: int = 10) -> NDArray[np.int64]:
    """Fold numbers ``(pairs,)`` in blocks, the first ones larger by one where it does not divide."""
    sizes = np.full(folds, pairs // folds) + (np.arange(folds) < pairs % folds)
    return np.repeat(np.arange(folds), sizes)


def pair_distances(
    first: NDArray[np.float32], second: NDArray[np.float32], *, metric: Metric
) -> Floats:
    """``(N, D)`` twice in, ``(N,)`` distances out. The cosine is kept within [-1, 1]."""
    one, other = first.astype(np.float64), second.astype(np.float64)
    if metric == 0:
        return np.asarray(((one - other) ** 2).sum(axis=1))
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosine = (one * other).sum(axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny)
    return np.asarray(np.arccos(cosine.clip(-1.0, 1.0)) / np.pi)


def evaluate_lfw(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    *,
    is_same: NDArray[np.bool_],
    fold: NDArray[np.int64],
    metric: Metric = 0,
    subtract_mean: bool = False,
    thresholds: Thresholds = "grid",
    target_far: float = 1e-3,
    is_usable: NDArray[np.bool_] | None = None,
) -> LfwResult:
    """Judge ``(N, D)`` pairs by folds.

    ``subtract_mean`` takes the mean of the training folds' vectors (both sides) away first.
    ``thresholds="exact"`` tries every threshold between two training distances in place of the
    published grid. Pairs that are not usable (no face was found) get the largest distance: they
    count as non-matches. Raises ``TooFewComparisons`` for fewer than two folds, and for a fold
    without pairs of both kinds.
    """
    folds = np.unique(fold)
    if len(folds) < 2 or any(len(set(is_same[fold == one].tolist())) != 2 for one in folds):
        raise TooFewComparisons(
            f"{len(folds)} folds; expected two or more, each with genuine and impostor pairs"
        )
    usable = np.ones(len(is_same), np.bool_) if is_usable is None else is_usable
    own_distances = np.empty(len(is_same))
    is_right = np.empty(len(is_same), np.bool_)
    is_accepted = np.empty(len(is_same), np.bool_)
    rates: list[tuple[float, float, float, float]] = []
    curves: list[Floats] = []
    for one in folds:
        test = fold == one
        known = ~test & usable
        mean = np.concatenate([first[known], second[known]]).mean(axis=0) if subtract_mean else 0.0
        distances = _distances(first - mean, second - mean, usable, metric=metric)
        train, truth = distances[~test], is_same[~test]
        threshold = _best_threshold(train, truth, thresholds)
        right = (distances[test] < threshold) == is_same[test]
        far_threshold = _threshold_at_far(train[~truth], target_far)
        matched = distances[test] < far_threshold
        rates.append(
            (
                float(right.mean()),
                threshold,
                float(matched[is_same[test]].mean()),
                float(matched[~is_same[test]].mean()),
            )
        )
        curves.append(
            np.stack(
                [
                    _share_below(distances[test & kind], _ACCURACY_GRID)
                    for kind in (is_same, ~is_same)
                ]
            )
        )
        own_distances[test], is_right[test], is_accepted[test] = distances[test], right, matched
    accuracies, chosen, vals, fars = np.array(rates).T
    tpr, fpr = np.mean(curves, axis=0)
    return LfwResult(
        accuracy=float(accuracies.mean()),
        accuracy_std=float(accuracies.std()),
        val=float(vals.mean()),
        val_std=float(vals.std()),
        far=float(fars.mean()),
        target_far=target_far,
        auc=float(np.trapezoid(np.append(tpr, 1.0), np.append(fpr, 1.0))),
        eer=_equal_error(tpr, fpr),
        accuracies=accuracies,
        thresholds=chosen,
        distances=own_distances,
        is_right=is_right,
        is_accepted=is_accepted,
        fold=fold,
    )


def _distances(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    usable: NDArray[np.bool_],
    *,
    metric: Metric,
) -> Floats:
    distances = pair_distances(first, second, metric=metric)
    widest = 1.0 if metric == 1 else max(4.0, float(distances.max()))
    distances[~usable] = widest
    return distances


def _share_below(distances: Floats, thresholds: Floats) -> Floats:
    return np.asarray(np.searchsorted(np.sort(distances), thresholds, side="left") / len(distances))


def _best_threshold(distances: Floats, is_same: NDArray[np.bool_], thresholds: Thresholds) -> float:
    if thresholds == "grid":
        candidates = _ACCURACY_GRID
    else:
        known = np.unique(distances)
        candidates = np.concatenate([[0.0], (known[1:] + known[:-1]) / 2, [known[-1] + 1e-6]])
    same, other = distances[is_same], distances[~is_same]
    right = _share_below(same, candidates) * len(same) - _share_below(other, candidates) * len(
        other
    )
    return float(candidates[np.argmax(right)])


def _threshold_at_far(impostors: Floats, target: float) -> float:
    """Between the last grid point with at most this FAR and the next, along a straight line.

    Where several grid points have the same FAR, the largest counts: FaceNet's interpolation over
    repeated values has no answer there. 0 where the FAR is never reached, as in FaceNet's script.
    """
    far = _share_below(impostors, _VAL_GRID)
    if far[-1] < target:
        return 0.0
    at = int(np.searchsorted(far, target, side="right")) - 1
    if at + 1 == len(far):
        return float(_VAL_GRID[at])
    part = (target - far[at]) / (far[at + 1] - far[at])
    return float(_VAL_GRID[at] + part * (_VAL_GRID[at + 1] - _VAL_GRID[at]))


def _equal_error(tpr: Floats, fpr: Floats) -> float:
    """The root of 1 - x - TPR(x) on straight lines, from (0, 0) to (1, 1)."""
    x, y = np.concatenate([[0.0], fpr, [1.0]]), np.concatenate([[0.0], tpr, [1.0]])
    gap = x + y - 1.0
    after = int(np.argmax(gap >= 0.0))
    part = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(x[after - 1] + part * (x[after] - x[after - 1]))
