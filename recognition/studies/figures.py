"""How well vectors tell their classes apart: every picture compared with every other.

FaceNet's terms: VAL, the share of genuine pairs accepted by a threshold that lets FAR of the
impostor pairs through. Public surface: ``Judgement``, ``judge_vectors``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.evaluation.bootstrap import bootstrap_share, draw_people
from recognition.evaluation.errors import TooFewComparisons
from recognition.evaluation.verification import (
    area_under,
    equal_error_rate,
    operating_point,
    roc_curve,
)

__all__ = ["Judgement", "judge_vectors"]

_LOST = -1.0  # a picture without a vector is as unlike everybody as can be
_REPLICATES, _SEED = 500, 666


@dataclass(frozen=True, slots=True)
class Judgement:
    """``val`` at ``far``, with its 95 % interval from drawing people again at that ``threshold``.

    ``val_fixed`` and ``far_fixed`` are those at a threshold that was given (None without one).
    ``rank_1`` is the share of pictures whose nearest other picture is of the same class, among those
    that have another. ``note`` says where the comparisons are too few to know FAR.
    """

    val: float
    val_low: float
    val_high: float
    threshold: float
    far: float
    auc: float
    eer: float
    rank_1: float
    found: int
    pictures: int
    people: int
    genuine_pairs: int
    impostor_pairs: int
    val_fixed: float | None
    far_fixed: float | None
    note: str


def judge_vectors(
    vectors: Vectors,
    *,
    labels: NDArray[np.int64],
    far: float,
    fixed_threshold: float | None = None,
) -> Judgement:
    """``(N, D)`` unit rows; a row of zeros is a picture without a vector, and matches nobody.

    Raises ``TooFewComparisons`` without pairs of both kinds.
    """
    is_found = np.asarray(vectors.any(axis=1))
    cosines = np.asarray(vectors @ vectors.T)
    cosines[~is_found] = _LOST
    cosines[:, ~is_found] = _LOST
    first, second = np.triu_indices(len(labels), k=1)
    is_genuine = labels[first] == labels[second]
    if not is_genuine.any() or is_genuine.all():
        raise TooFewComparisons(
            f"{len(labels)} pictures of {len(np.unique(labels))} people; expected two people at "
            "least, and two pictures of one of them"
        )
    scores = cosines[first, second]
    curve = roc_curve(scores, is_genuine)
    point = operating_point(curve, fmr=far)
    genuine, impostor = scores[is_genuine], scores[~is_genuine]
    people = len(np.unique(labels))
    drawn = draw_people(people, replicates=_REPLICATES, seed=_SEED)
    owner = np.unique(labels, return_inverse=True)[1][first[is_genuine]]
    interval = bootstrap_share(genuine >= point.threshold, drawn[:, owner], people=people)
    is_judged = fixed_threshold is not None
    return Judgement(
        val=point.tmr,
        val_low=interval.low,
        val_high=interval.high,
        threshold=point.threshold,
        far=point.fmr,
        auc=area_under(curve),
        eer=equal_error_rate(curve)[0],
        rank_1=_rank_1(cosines, labels, is_found),
        found=int(is_found.sum()),
        pictures=len(labels),
        people=people,
        genuine_pairs=curve.genuine,
        impostor_pairs=curve.impostors,
        val_fixed=float((genuine >= fixed_threshold).mean()) if is_judged else None,
        far_fixed=float((impostor >= fixed_threshold).mean()) if is_judged else None,
        note=point.note,
    )


def _rank_1(
    cosines: NDArray[np.float32], labels: NDArray[np.int64], is_found: NDArray[np.bool_]
) -> float:
    """A picture that gave no vector finds nobody; ties go to the wrong class."""
    is_same = labels[:, None] == labels[None, :]
    np.fill_diagonal(is_same, val=False)
    has_mate = is_same.any(axis=1)
    is_other = labels[:, None] != labels[None, :]
    right = np.where(is_same, cosines, -np.inf).max(axis=1)
    wrong = np.where(is_other, cosines, -np.inf).max(axis=1)
    is_right = is_found & (right > wrong)
    return float(is_right[has_mate].mean())
