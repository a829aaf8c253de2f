"""What is drawn: how the rates move with the threshold, and with the number of people enrolled.

Public surface: ``growth`` with ``GrowthPoint``, ``grown``, ``fpir_by_size`` with ``SizePoint``,
``default_sizes``, ``det_curve`` with ``DetPoint``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recognition.calibration.evidence import Evidence
from recognition.calibration.missed import MissRate, Outcome, miss_rate, outcomes
from recognition.calibration.prior import SHIPPED_PRIOR, ModelPrior
from recognition.calibration.tail import RESOLUTION, FpirEstimate, Tail
from recognition.calibration.wish import Wish
from recognition.decision import DecisionPolicy
from recognition.evaluation.bootstrap import Interval

__all__ = [
    "DetPoint",
    "GrowthPoint",
    "SizePoint",
    "default_sizes",
    "det_curve",
    "fpir_by_size",
    "grown",
    "growth",
]


@dataclass(frozen=True, slots=True)
class GrowthPoint:
    """So many times the people: the FPIR if the threshold stays, the threshold that would keep the
    wish, and who is then missed.

    The enrolled are those of today: that others come nearer as they become more is not in
    ``missed``. Where not ``is_supported``, the evidence is too small for the rarer names that this
    takes, and the threshold follows the shape of the model's own curve. None: no threshold does.
    """

    factor: float
    gallery_size: int
    fpir_unchanged: float
    threshold: float | None
    missed: MissRate | None
    is_supported: bool


@dataclass(frozen=True, slots=True)
class SizePoint:
    """FPIR at one threshold in a gallery of another size."""

    gallery_size: int
    fpir: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class DetPoint:
    """Both error rates at a threshold: strangers named, enrolled missed (each person once)."""

    threshold: float
    fpir: float
    fnir: float


def grown(fpir: float, *, factor: float) -> float:
    """The FPIR among ``factor`` times the people: 1 - (1 - FPIR)^factor."""
    return -math.expm1(factor * math.log1p(-min(fpir, 1.0 - 1e-12)))


def growth(
    evidence: Evidence,
    *,
    wish: Wish,
    policy: DecisionPolicy,
    prior: ModelPrior | None = SHIPPED_PRIOR,
    factors: Sequence[float] = (1, 2, 10),
    assurance: float | None = None,
    seed: int = 0,
) -> tuple[GrowthPoint, ...]:
    """What becomes of ``policy``, chosen for ``wish``, as the gallery grows."""
    tail = Tail(evidence.strangers, gallery_size=evidence.gallery_size, prior=prior)
    now = float(tail.values(policy.threshold))
    points = []
    for factor in factors:
        # the share that one part of the larger gallery may have
        part = grown(wish.fpir, factor=1.0 / factor)
        threshold = tail.lowest_threshold(part, assurance=assurance)
        moved = None if threshold is None else replace(policy, threshold=threshold)
        points.append(
            GrowthPoint(
                factor,
                round(evidence.gallery_size * factor),
                grown(now, factor=factor),
                threshold,
                None if moved is None else miss_rate(evidence.mated, policy=moved, seed=seed),
                tail.people * part >= 1.0 - 1e-9,
            )
        )
    return tuple(points)


def default_sizes(gallery_size: int, *, points: int = 25) -> tuple[int, ...]:
    """From a tenth of the present size to ten times it, evenly along a logarithm."""
    ends = math.log10(max(1.0, gallery_size / 10)), math.log10(gallery_size * 10)
    sizes = {round(10**at) for at in np.linspace(*ends, points)}
    return tuple(sorted({*sizes, gallery_size}))


def fpir_by_size(estimate: FpirEstimate, *, sizes: Sequence[int]) -> tuple[SizePoint, ...]:
    """The rule of ``grown`` from the present size to others; its interval grows with it."""
    points = []
    for size in sizes:
        factor = size / estimate.gallery_size
        low, high = (
            grown(end, factor=factor) for end in (estimate.interval.low, estimate.interval.high)
        )
        points.append(
            SizePoint(
                size,
                grown(estimate.value, factor=factor),
                Interval(low, high, estimate.interval.confidence),
            )
        )
    return tuple(points)


def det_curve(
    evidence: Evidence,
    *,
    policy: DecisionPolicy,
    prior: ModelPrior | None = SHIPPED_PRIOR,
    points: int = 200,
) -> tuple[DetPoint, ...]:
    """Points from the lowest to the highest score there is, by rising threshold."""
    scores = np.concatenate([evidence.strangers.scores, evidence.mated.own_scores])
    scores = scores[np.isfinite(scores)]
    if not len(scores) or not len(evidence.mated):
        return ()
    tail = Tail(evidence.strangers, gallery_size=evidence.gallery_size, prior=prior)
    low, high = max(float(scores.min()), -0.99), min(float(scores.max()), 1.0)
    at = np.unique(np.round(np.linspace(low, high, points) / RESOLUTION) * RESOLUTION)
    _, codes, counts = np.unique(evidence.mated.person_ids, return_inverse=True, return_counts=True)
    share = 1.0 / counts[codes] / len(counts)
    missed = [
        float(
            share[
                outcomes(evidence.mated, policy=replace(policy, threshold=float(t)))
                != Outcome.NAMED
            ].sum()
        )
        for t in at
    ]
    return tuple(
        DetPoint(float(t), float(f), m) for t, f, m in zip(at, tail.values(at), missed, strict=True)
    )
