"""One-to-many figures of an open set: FNIR, FPIR, TPIR, ranks, CMC (ISO/IEC 19795-1).

A *mated* search looks for somebody enrolled, a *non-mated* one for a stranger. Public surface:
the names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.verification import RocCurve, resolution_note, roc_curve

__all__ = [
    "IdentificationPoint",
    "Searches",
    "cumulative_match",
    "identification_curve",
    "point_at_fpir",
    "point_at_threshold",
    "search_gallery",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Searches:
    """What came of every search over the whole gallery.

    Per mated search ``(P,)``: the score of the right person (-inf: no face, or not enrolled), the
    best score of any other, and the rank of the right one from 1 (``gallery + 1`` where they
    cannot be found). ``stranger_scores`` ``(S,)``: the best score in each non-mated search (-inf
    without a face). Equal scores rank the right person last: nobody is helped by a tie.
    """

    right_scores: Floats
    other_scores: Floats
    ranks: NDArray[np.int64]
    stranger_scores: Floats
    gallery: int

    @property
    def comparisons(self) -> int:
        return (len(self.right_scores) + len(self.stranger_scores)) * self.gallery


@dataclass(frozen=True, slots=True)
class IdentificationPoint:
    """Error rates at one threshold. ``target_fpir`` is None where the threshold was given.

    ``missed`` mated searches did not name the right person first at or above the threshold;
    ``misnamed`` of them named somebody else. ``note`` says where the strangers are too few.
    """

    target_fpir: float | None
    threshold: float
    fpir: float
    fnir: float
    named_strangers: int
    strangers: int
    missed: int
    misnamed: int
    mated: int
    note: str

    @property
    def tpir(self) -> float:
        return 1.0 - self.fnir


def search_gallery(
    gallery: NDArray[np.float32],
    *,
    gallery_ids: Sequence[str],
    probes: NDArray[np.float32],
    probe_ids: Sequence[str],
    strangers: NDArray[np.float32],
) -> Searches:
    """Search ``(N, D)`` templates, one a person, for ``(P, D)`` probes and ``(S, D)`` strangers.

    Rows are unit vectors; a row of zeros is a picture without a face, which finds nobody. A probe
    of somebody who is not in ``gallery_ids`` (no usable enrolment picture) cannot be found.
    """
    row_of = {name: row for row, name in enumerate(gallery_ids)}
    right = np.full(len(probes), -np.inf)
    other = np.full(len(probes), -np.inf)
    ranks = np.full(len(probes), len(gallery_ids) + 1, np.int64)
    for position, (scores, name) in enumerate(
        zip(_scores(probes, gallery), probe_ids, strict=True)
    ):
        if not probes[position].any():
            continue
        row = row_of.get(name)
        if row is not None:
            right[position] = scores[row]
            ranks[position] = int((scores >= scores[row]).sum())
            scores[row] = -np.inf
        other[position] = scores.max(initial=-np.inf)
    unseen = _scores(strangers, gallery).max(axis=1, initial=-np.inf)
    unseen[~strangers.any(axis=1)] = -np.inf
    return Searches(right, other, ranks, unseen, len(gallery_ids))


def identification_curve(searches: Searches) -> RocCurve:
    """TPIR as ``tmr`` over FPIR as ``fmr``: the detection and identification rate at rank 1.

    Raises ``TooFewComparisons`` without searches of both kinds.
    """
    scores = np.concatenate([_first_rank_scores(searches), searches.stranger_scores])
    return roc_curve(scores, np.arange(len(scores)) < len(searches.right_scores))


def point_at_fpir(searches: Searches, *, fpir: float) -> IdentificationPoint:
    """The lowest FNIR with an FPIR of at most this, over all thresholds above the lowest score."""
    curve = identification_curve(searches)
    at = int(np.searchsorted(curve.fmr, fpir, side="right")) - 1
    while at > 0 and not np.isfinite(curve.thresholds[at]):
        at -= 1
    return _point(searches, float(curve.thresholds[at]), fpir)


def point_at_threshold(searches: Searches, threshold: float) -> IdentificationPoint:
    """What a threshold does that was chosen elsewhere."""
    return _point(searches, threshold, None)


def cumulative_match(searches: Searches, *, ranks: int = 20) -> Floats:
    """CMC, ``(ranks,)``: the share of mated searches with the right person among the first k."""
    return np.array([(searches.ranks <= k).mean() for k in range(1, ranks + 1)])


def _scores(probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> Floats:
    return np.asarray(probes @ gallery.T, dtype=np.float64)


def _first_rank_scores(searches: Searches) -> Floats:
    return np.where(searches.ranks == 1, searches.right_scores, -np.inf)


def _point(searches: Searches, threshold: float, target: float | None) -> IdentificationPoint:
    named = int((searches.stranger_scores >= threshold).sum())
    found = _first_rank_scores(searches) >= threshold
    misnamed = ~found & (np.maximum(searches.other_scores, searches.right_scores) >= threshold)
    mated, strangers = len(searches.right_scores), len(searches.stranger_scores)
    return IdentificationPoint(
        target_fpir=target,
        threshold=threshold,
        fpir=named / strangers,
        fnir=1.0 - float(found.mean()),
        named_strangers=named,
        strangers=strangers,
        missed=int(mated - found.sum()),
        misnamed=int(misnamed.sum()),
        mated=mated,
        note="" if target is None else resolution_note(target, strangers),
    )
