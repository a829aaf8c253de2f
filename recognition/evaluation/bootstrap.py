"""Intervals by drawing people again, because one person's pictures are not independent.

A replicate draws as many people as there are, with replacement; a comparison counts as often as
its people were drawn (both of them, for two different people). Public surface: ``Interval``,
``draw_people``, ``pair_weights``, ``bootstrap_points``, ``bootstrap_share``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.errors import TooFewComparisons
from recognition.evaluation.intervals import share_of

__all__ = [
    "Interval",
    "bootstrap_points",
    "bootstrap_share",
    "draw_people",
    "interval_of",
    "pair_weights",
]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """The middle ``confidence`` of the replicates' values (percentile method)."""

    low: float
    high: float
    confidence: float = 0.95


def draw_people(people: int, *, replicates: int, seed: int) -> Counts:
    """How often each person is drawn, ``(replicates, people)``; every row sums to ``people``."""
    random = np.random.default_rng(seed)
    return np.asarray(
        random.multinomial(people, np.full(people, 1 / people), size=replicates), np.int64
    )


def pair_weights(drawn: Counts, first: NDArray[Any], second: NDArray[Any]) -> Counts:
    """Weights ``(replicates, pairs)`` of pairs of people's numbers, ``(pairs,)`` each."""
    one = drawn[:, first]
    return np.where(first == second, one, one * drawn[:, second])


def bootstrap_share(is_true: NDArray[np.bool_], weights: Counts, *, people: int) -> Interval:
    """The interval of the share of true cases; ``weights`` is ``(replicates, cases)``.

    Where all cases are alike, drawing them again says nothing: then it is Wilson's interval for
    as many independent cases as there are ``people``.
    """
    if is_true.all() or not is_true.any():
        wilson = share_of(people if is_true.all() else 0, people)
        return Interval(wilson.low, wilson.high)
    totals = weights.sum(axis=1)
    known = totals > 0
    return interval_of((weights[known] * is_true).sum(axis=1) / totals[known])


def bootstrap_points(
    scores: Floats,
    *,
    is_genuine: NDArray[np.bool_],
    weights: Counts,
    rates: Sequence[float],
    people: int,
) -> list[tuple[Interval, Interval]]:
    """Per wished FMR (or FPIR) the intervals of the TMR (or TPIR) and of the threshold.

    Every replicate chooses its own threshold, so that the interval also holds what is unknown
    about the threshold. ``weights`` is ``(replicates, comparisons)``. Where no replicate misses
    anybody, the interval of the TMR is Wilson's for as many cases as there are ``people``.
    """
    order = np.argsort(-scores, kind="stable")
    values, truth = scores[order], is_genuine[order]
    ends = np.append(np.flatnonzero(values[1:] != values[:-1]), len(values) - 1)
    above = float(np.nextafter(values[0], np.inf))
    finite = np.append(values[ends], above)  # position -1: nothing is accepted
    tmrs: list[list[float]] = [[] for _ in rates]
    thresholds: list[list[float]] = [[] for _ in rates]
    for row in weights:
        own = row[order]
        genuine = np.cumsum(np.where(truth, own, 0))[ends]
        impostors = np.cumsum(np.where(truth, 0, own))[ends]
        if not genuine[-1] or not impostors[-1]:
            continue  # such a draw has no rate; among ten people or more it hardly comes
        for number, rate in enumerate(rates):
            at = int(np.searchsorted(impostors, rate * impostors[-1], side="right")) - 1
            tmrs[number].append(float(genuine[at] / genuine[-1]) if at >= 0 else 0.0)
            thresholds[number].append(float(finite[at]))
    flawless = share_of(people, people)
    return [
        (
            Interval(flawless.low, flawless.high)
            if min(tmr, default=0.0) == 1.0
            else interval_of(np.array(tmr)),
            interval_of(np.array(threshold)),
        )
        for tmr, threshold in zip(tmrs, thresholds, strict=True)
    ]


def interval_of(values: Floats, *, confidence: float = 0.95) -> Interval:
    """The middle part of the values. Raises ``TooFewComparisons`` where there are none."""
    if not len(values):
        raise TooFewComparisons("no replicate has a value; expected comparisons of both kinds")
    finite = values[np.isfinite(values)] if not np.isfinite(values).all() else values
    low, high = np.quantile(finite, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), confidence)
