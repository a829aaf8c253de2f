"""The threshold for a wish, with what it rests on and what it costs, or what is missing for it.

Public surface: ``calibrate`` with ``Calibration`` and ``InsufficientEvidence`` (with ``Claim`` and
``PriorThreshold``), ``rates_at`` with ``Rates``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from recognition.calibration.beta import upper_bound
from recognition.calibration.ceilings import Ceilings, ceilings
from recognition.calibration.curves import GrowthPoint, growth
from recognition.calibration.evidence import Evidence, EvidenceCounts
from recognition.calibration.missed import CameraRate, MissRate, camera_rates, miss_rate
from recognition.calibration.prior import SHIPPED_PRIOR, ModelPrior
from recognition.calibration.tail import CONFIDENCE, FpirEstimate, Tail
from recognition.calibration.wish import Wish
from recognition.decision import DecisionPolicy
from recognition.evaluation.bootstrap import Interval

__all__ = [
    "Calibration",
    "Claim",
    "InsufficientEvidence",
    "PriorThreshold",
    "Rates",
    "calibrate",
    "rates_at",
]


@dataclass(frozen=True, slots=True)
class PriorThreshold:
    """What the model's own measurement alone would say, which knows nothing of the site."""

    threshold: float
    fpir: float
    is_extrapolated: bool
    name: str
    measured_on: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What can be said already: at ``threshold``, of ``people`` who searched ``named`` were named,
    so with ``confidence`` at most ``fpir_at_most`` are (exact one-sided bound; the rule of three
    where ``named`` is 0). ``trials`` are the independent ones among those people."""

    threshold: float
    named: float
    people: float
    trials: float
    fpir_at_most: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold that grants the wish.

    ``threshold_interval`` (95 %) holds the threshold that would grant it exactly.
    ``prior_threshold`` is the model's alone, ``evidence_threshold`` the site's alone; None
    where there is no prior, or no such threshold. ``growth`` is for 1, 2 and 10 times the people.
    """

    wish: Wish
    gallery_size: int
    policy: DecisionPolicy
    threshold: float
    threshold_interval: Interval
    fpir: FpirEstimate
    missed: MissRate | None
    cameras: tuple[CameraRate, ...]
    growth: tuple[GrowthPoint, ...]
    prior_threshold: PriorThreshold | None
    evidence_threshold: float | None
    counts: EvidenceCounts
    ceilings: Ceilings


@dataclass(frozen=True, slots=True)
class InsufficientEvidence:
    """No threshold is given, and why.

    ``too_few``: ``more_needed`` people more must search who are not enrolled (or be enrolled, for
    leave-one-out), so that at least one in 1 / FPIR can be seen; ``lowest_fpir`` could be
    granted now. ``no_threshold``: even at a score of 1 too many are named; one person is enrolled
    twice, or a stranger is no stranger: ``ceilings`` says who. ``prior_threshold`` is the model's
    alone and no finding of the site.
    """

    reason: Literal["too_few", "no_threshold"]
    wish: Wish
    gallery_size: int
    people: float
    needed: int
    more_needed: int
    lowest_fpir: float | None
    claim: Claim
    prior_threshold: PriorThreshold | None
    prior_missed: MissRate | None
    counts: EvidenceCounts
    ceilings: Ceilings


@dataclass(frozen=True, slots=True)
class Rates:
    """What any policy does by the evidence; ``fpir`` is None without searches and prior."""

    policy: DecisionPolicy
    fpir: FpirEstimate | None
    missed: MissRate | None
    cameras: tuple[CameraRate, ...]
    counts: EvidenceCounts
    ceilings: Ceilings


def calibrate(
    evidence: Evidence,
    *,
    wish: Wish,
    policy: DecisionPolicy,
    prior: ModelPrior | None = SHIPPED_PRIOR,
    assurance: float | None = None,
    offsets: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Calibration | InsufficientEvidence:
    """The lowest threshold at which the FPIR is at most the wish: on average over what evidence and
    prior leave open, or with the probability ``assurance``.

    ``policy`` lends grey band, margin and floors; its threshold is replaced. ``prior`` is None
    for a model that nobody has measured. ``offsets`` is what cameras add to the threshold, for
    their own rates alone. Fewer independent searches than 1 / FPIR are refused.
    Raises ``EvidenceRejected`` for an empty gallery, and for no searches without a prior.
    """
    size = evidence.gallery_size
    tail = Tail(evidence.strangers, gallery_size=size, prior=prior)
    threshold = tail.lowest_threshold(wish.fpir, assurance=assurance)
    needed = _people_needed(tail, wish, assurance)
    if threshold is None or tail.people < needed - 1e-9:
        return _refused(evidence, tail=tail, wish=wish, policy=policy, needed=needed, seed=seed)
    chosen = replace(policy, threshold=threshold)
    alone = Tail(evidence.strangers, gallery_size=size, prior=None)
    outside = (1.0 - CONFIDENCE) / 2.0
    low, high = (
        tail.lowest_threshold(wish.fpir, assurance=share) for share in (outside, 1.0 - outside)
    )
    return Calibration(
        wish=wish,
        gallery_size=size,
        policy=chosen,
        threshold=threshold,
        threshold_interval=Interval(
            threshold if low is None else low, 1.0 if high is None else high, CONFIDENCE
        ),
        fpir=tail.estimate(threshold),
        missed=miss_rate(evidence.mated, policy=chosen, seed=seed),
        cameras=camera_rates(evidence.mated, policy=chosen, offsets=offsets, seed=seed),
        growth=growth(
            evidence, wish=wish, policy=chosen, prior=prior, assurance=assurance, seed=seed
        ),
        prior_threshold=_prior_threshold(prior, wish, size),
        evidence_threshold=alone.lowest_threshold(wish.fpir, assurance=assurance),
        counts=evidence.counts,
        ceilings=ceilings(evidence),
    )


def rates_at(
    evidence: Evidence,
    *,
    policy: DecisionPolicy,
    prior: ModelPrior | None = SHIPPED_PRIOR,
    offsets: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Rates:
    """What this policy does, wherever its threshold came from; ``offsets`` as for ``calibrate``.
    Nothing is refused: look at ``fpir.is_supported`` and ``counts``. Raises ``EvidenceRejected`` for an empty gallery."""
    fpir = None
    if len(evidence.strangers) or prior is not None:
        tail = Tail(evidence.strangers, gallery_size=evidence.gallery_size, prior=prior)
        fpir = tail.estimate(policy.threshold)
    return Rates(
        policy,
        fpir,
        miss_rate(evidence.mated, policy=policy, seed=seed),
        camera_rates(evidence.mated, policy=policy, offsets=offsets, seed=seed),
        evidence.counts,
        ceilings(evidence),
    )


def _refused(
    evidence: Evidence,
    *,
    tail: Tail,
    wish: Wish,
    policy: DecisionPolicy,
    needed: int,
    seed: int,
) -> InsufficientEvidence:
    is_enough = tail.people >= needed - 1e-9
    prior_threshold = _prior_threshold(tail.prior, wish, tail.gallery_size)
    threshold = policy.threshold if prior_threshold is None else prior_threshold.threshold
    named = tail.counted(threshold)
    trials = tail.people / tail.clumping
    return InsufficientEvidence(
        reason="no_threshold" if is_enough else "too_few",
        wish=wish,
        gallery_size=tail.gallery_size,
        people=tail.people,
        needed=needed,
        more_needed=0 if is_enough else math.ceil(needed - tail.people - 1e-9),
        lowest_fpir=1.0 / tail.people if tail.people > 1.0 else None,
        claim=Claim(
            threshold,
            named,
            tail.people,
            trials,
            upper_bound(named / tail.clumping, trials, confidence=CONFIDENCE),
            CONFIDENCE,
        ),
        prior_threshold=prior_threshold,
        prior_missed=None
        if prior_threshold is None
        else miss_rate(
            evidence.mated, policy=replace(policy, threshold=min(threshold, 1.0)), seed=seed
        ),
        counts=evidence.counts,
        ceilings=ceilings(evidence),
    )


def _people_needed(tail: Tail, wish: Wish, assurance: float | None) -> int:
    """One in 1 / FPIR must be able to show; to be assured of it takes more, about as many times
    as what cannot be excluded at a score of 1 exceeds the wish."""
    least = math.ceil(1.0 / wish.fpir - 1e-9)
    if assurance is None or tail.lowest_threshold(wish.fpir) is None:
        return least
    excess = tail.quantile(assurance, 1.0) / wish.fpir
    return least if excess <= 1.0 else max(least, math.ceil(tail.people * excess * 1.02) + 1)


def _prior_threshold(
    prior: ModelPrior | None, wish: Wish, gallery_size: int
) -> PriorThreshold | None:
    if prior is None:
        return None
    threshold = prior.threshold_for(wish.fpir, gallery_size=gallery_size)
    return PriorThreshold(
        threshold,
        float(prior.fpir(np.float64(threshold), gallery_size=gallery_size)),
        prior.is_beyond(threshold),
        prior.name,
        prior.measured_on,
    )
