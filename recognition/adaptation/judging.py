"""Is a head better than the base model on people that it never saw? Paired, by people drawn again.

Public surface: ``HeldOut``, ``Judgement``, ``Figure``, ``judge``, ``match_rate``,
``rate_for``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.evaluation.bootstrap import draw_people, interval_of, pair_weights

__all__ = ["Figure", "HeldOut", "Judgement", "judge", "match_rate", "rate_for"]

REPLICATES: Final = 400
# Impostor pairs of one part: more add minutes and hardly any certainty.
_MOST_PAIRS: Final = 300_000
# Thirty false matches, see ``sample.MIN_COMPARISONS``.
_FOR_FINE: Final = 30_000
_FPIR: Final = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """One part's people as the base model (about its mean) and as the head sees them."""

    owners: NDArray[np.str_]
    base: Vectors
    adapted: Vectors


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of the base model, of the head, and their difference with its 95 % interval."""

    base: float
    adapted: float
    low: float
    high: float

    @property
    def gain(self) -> float:
        return self.adapted - self.base


@dataclass(frozen=True, slots=True)
class Judgement:
    """``tmr`` at ``fmr``: pairs of one person accepted where that share of pairs of two is.

    ``rank1`` and ``fnir`` (at FPIR 0.01) are searches among the ``gallery`` people of a part, each
    picture against the mean of the other pictures.
    """

    fmr: float
    tmr: Figure
    rank1: Figure
    fnir: Figure
    gallery: int
    people: int
    genuine: int
    impostors: int


def rate_for(comparisons: int) -> float:
    """1 in 1,000 where as many pairs of two people give thirty errors there, else 1 in 100."""
    return 1e-3 if comparisons >= _FOR_FINE else 1e-2


def match_rate(vectors: Vectors, owners: NDArray[np.str_], *, fmr: float) -> float:
    """The share of genuine pairs accepted, averaged over ten rates from ``fmr`` to ten times it.

    Smoother than one rate: it chooses a strength, and says nothing on a page.
    """
    # Numbers for the names: millions of pairs of names would be gigabytes.
    _, places = np.unique(owners, return_inverse=True)
    first, second = np.triu_indices(len(vectors), 1)
    scores = (vectors @ vectors.T)[first, second]
    is_genuine = places[first] == places[second]
    impostors = np.sort(scores[~is_genuine])[::-1]
    rates = fmr * np.logspace(0.0, 1.0, 10)
    at = np.minimum((rates * len(impostors)).astype(np.int64), len(impostors) - 1)
    genuine = np.sort(scores[is_genuine])
    reached = len(genuine) - np.searchsorted(genuine, impostors[at], side="right")
    return float(reached.mean() / len(genuine))


def judge(parts: Sequence[HeldOut], *, fmr: float, seed: int) -> Judgement:
    """Every part has its own head and threshold; the shares are over all parts' people.

    In each replicate people are drawn again, the same for both, and both thresholds are chosen
    anew. Raises ``ValueError`` without parts.
    """
    if not parts:
        raise ValueError("no part was held out; expected one or more")
    looked = [_Looked(part, seed=seed + n) for n, part in enumerate(parts)]
    once = [np.ones((1, one.people), np.int64) for one in looked]
    many = [
        draw_people(one.people, replicates=REPLICATES, seed=seed + n)
        for n, one in enumerate(looked)
    ]
    true = np.sum([one.shares(d, fmr) for one, d in zip(looked, once, strict=True)], axis=0)
    drawn = np.sum([one.shares(d, fmr) for one, d in zip(looked, many, strict=True)], axis=0)
    return Judgement(
        fmr=fmr,
        tmr=_figure(true, drawn, 0),
        rank1=_figure(true, drawn, 1),
        fnir=_figure(true, drawn, 2),
        gallery=min(one.people for one in looked),
        people=sum(one.people for one in looked),
        genuine=sum(one.genuine for one in looked),
        impostors=sum(one.impostors for one in looked),
    )


def _figure(true: NDArray[np.float64], drawn: NDArray[np.float64], which: int) -> Figure:
    """``(replicates, 3, 3)``: per figure the sums for base and head, and what they are of."""
    base, adapted, total = true[0, which]
    of = drawn[:, which]
    known = of[of[:, 2] > 0]
    found = interval_of((known[:, 1] - known[:, 0]) / known[:, 2])
    return Figure(float(base / total), float(adapted / total), found.low, found.high)


class _Looked:
    """One part's pairs and searches, scored once; only their weights change with a replicate."""

    def __init__(self, part: HeldOut, *, seed: int) -> None:
        names, places = np.unique(part.owners, return_inverse=True)
        self.people = len(names)
        first, second = np.triu_indices(len(places), 1)
        same = places[first] == places[second]
        apart = np.flatnonzero(~same)
        if len(apart) > _MOST_PAIRS:
            apart = np.random.default_rng(seed).choice(apart, _MOST_PAIRS, replace=False)
        together = np.flatnonzero(same)
        self.genuine, self.impostors = len(together), len(apart)
        self._places = places
        self._together = places[first[together]]
        self._first, self._second = places[first[apart]], places[second[apart]]
        pairs = ((first[together], second[together]), (first[apart], second[apart]))
        self._sides = [
            _Side(vectors, places=places, genuine=pairs[0], apart=pairs[1])
            for vectors in (part.base, part.adapted)
        ]

    def shares(self, drawn: NDArray[np.int64], fmr: float) -> NDArray[np.float64]:
        """``(replicates, 3, 3)``: sums of accepted pairs, first ranks and missed searches."""
        sums = np.zeros((len(drawn), 3, 3))
        for number, row in enumerate(drawn):
            one = row[None]
            genuine = pair_weights(one, self._together, self._together)[0]
            apart = pair_weights(one, self._first, self._second)[0]
            searches = row[self._places]
            for which, side in enumerate(self._sides):
                sums[number, 0, which] = (genuine * (side.genuine > side.limit(apart, fmr))).sum()
                sums[number, 1, which] = (searches * side.is_first).sum()
                limit = _limit(side.other, side.other_order, searches, _FPIR)
                found = side.is_first & (side.right > limit)
                sums[number, 2, which] = (searches * ~found).sum()
            sums[number, 0, 2] = genuine.sum()
            sums[number, 1:, 2] = searches.sum()
        return sums


_Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


class _Side:
    """What one of the two models scores."""

    def __init__(
        self, vectors: Vectors, *, places: NDArray[np.int64], genuine: _Pairs, apart: _Pairs
    ) -> None:
        scores = vectors @ vectors.T
        self.genuine = scores[genuine]
        self._apart = scores[apart]
        self._order = np.argsort(-self._apart, kind="stable")
        sums = np.zeros((int(places.max()) + 1, vectors.shape[1]))
        np.add.at(sums, places, vectors)
        others = sums[places] - vectors
        self.right = (vectors * _unit(others)).sum(axis=1)
        against = vectors @ _unit(sums).T
        against[np.arange(len(places)), places] = -np.inf
        self.other = against.max(axis=1)
        self.other_order = np.argsort(-self.other, kind="stable")
        self.is_first = self.right > self.other

    def limit(self, weights: NDArray[np.int64], fmr: float) -> float:
        return _limit(self._apart, self._order, weights, fmr)


def _limit(
    scores: NDArray[np.floating],
    order: NDArray[np.int64],
    weights: NDArray[np.int64],
    rate: float,
) -> float:
    """The score that at most this share of the weight is above."""
    above = np.cumsum(weights[order])
    at = int(np.searchsorted(above, rate * above[-1], side="right"))
    return float(scores[order[min(at, len(order) - 1)]])


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return np.asarray(rows / lengths, np.float64)
