"""What the method answers, put into the figures that a run keeps. Public surface: ``summarised``."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from portal.calibration.figures import (
    CameraFigure,
    Claimed,
    Counts,
    DetFigure,
    Distribution,
    Figures,
    GrowthFigure,
    Lacking,
    LowMarginFigure,
    MissedFigure,
    NearFigure,
    PriorFigure,
    RuleFigure,
    SeedFigure,
    SizeFigure,
    Span,
    StrangerFigure,
    WishFigure,
)
from recognition.calibration import (
    Calibration,
    Evidence,
    FpirEstimate,
    Histogram,
    InsufficientEvidence,
    Interval,
    MissRate,
    ModelPrior,
    Nearest,
    PriorThreshold,
    Rate,
    Wish,
    calibrate,
    default_sizes,
    det_curve,
    fpir_by_size,
    low_margin,
    rates_at,
    seed_rules,
)
from recognition.decision import DecisionPolicy
from workers.calibration.evidence import Gathered

__all__ = ["summarised"]

_BINS = 100  # of the drawing, from -1 to 1
_POINTS = 120


def summarised(
    gathered: Gathered,
    *,
    wish: Wish,
    policy: DecisionPolicy,
    prior: ModelPrior | None,
    offsets: Mapping[str, float] | None = None,
) -> Figures:
    """Measure for ``wish``; ``policy`` is the rule in force, whose band and margin are kept, and
    ``offsets`` what each camera adds to its threshold.

    Raises ``EvidenceRejected`` where there is neither a search nor a prior.
    """
    evidence = gathered.evidence
    outcome = calibrate(evidence, wish=wish, policy=policy, prior=prior, offsets=offsets)
    now = rates_at(evidence, policy=policy, prior=prior, offsets=offsets)
    at = now.fpir
    if isinstance(outcome, Calibration):
        at = outcome.fpir
        cameras = outcome.cameras
        chosen = RuleFigure(outcome.threshold, _strangers(at), _missed(outcome.missed))
    else:
        chosen = None
        cameras = now.cameras
    return Figures(
        wish=WishFigure(wish.fpir, wish.days, wish.strangers_a_day),
        gallery_size=evidence.gallery_size,
        grey_band=policy.grey_band,
        min_margin=policy.min_margin,
        now=RuleFigure(
            policy.threshold, _strangers(now.fpir) if now.fpir else None, _missed(now.missed)
        ),
        chosen=chosen,
        threshold=_span(outcome.threshold, outcome.threshold_interval)
        if isinstance(outcome, Calibration)
        else None,
        evidence_threshold=outcome.evidence_threshold if isinstance(outcome, Calibration) else None,
        prior=_prior(outcome.prior_threshold, prior),
        lacking=_lacking(outcome) if isinstance(outcome, InsufficientEvidence) else None,
        counts=_counts(gathered),
        cameras=tuple(
            CameraFigure(one.camera_id, one.people, one.searches, _missed(one.rate), one.offset)
            for one in cameras
        ),
        growth=_growth(outcome),
        nearest_stranger=_near(outcome.ceilings.nearest_stranger),
        nearest_other=_near(outcome.ceilings.nearest_other),
        seeds=tuple(
            SeedFigure(
                one.name,
                one.promise,
                one.comparisons,
                one.person_id or "",
                RuleFigure(one.threshold, _strangers(one.fpir), _missed(one.missed)),
            )
            for one in seed_rules(evidence, policy=policy, prior=prior)
        ),
        distribution=_distribution(evidence),
        det=tuple(
            DetFigure(point.threshold, point.fpir, point.fnir)
            for point in det_curve(evidence, policy=policy, prior=prior, points=_POINTS)
        ),
        sizes=()
        if at is None
        else tuple(
            SizeFigure(point.gallery_size, _span(point.fpir, point.interval))
            for point in fpir_by_size(at, sizes=default_sizes(evidence.gallery_size))
        ),
        low_margin=tuple(
            LowMarginFigure(one.person_id, one.other_id, one.own_score, one.other_score, one.margin)
            for one in low_margin(evidence.mated, policy=policy)
            if math.isfinite(one.own_score) and math.isfinite(one.other_score)
        ),
    )


def _span(value: float, interval: Interval) -> Span:
    return Span(float(value), float(interval.low), float(interval.high))


def _rate(rate: Rate) -> Span:
    return _span(rate.value, rate.interval)


def _strangers(estimate: FpirEstimate) -> StrangerFigure:
    return StrangerFigure(
        rate=_span(estimate.value, estimate.interval),
        named=estimate.named,
        people=estimate.people,
        observed=estimate.observed,
        prior=estimate.prior,
        prior_searches=estimate.prior_searches,
        is_supported=bool(estimate.is_supported),
    )


def _missed(rate: MissRate | None) -> MissedFigure | None:
    if rate is None:
        return None
    return MissedFigure(
        _rate(rate.missed), _rate(rate.misnamed), _rate(rate.to_review), rate.searches, rate.people
    )


def _growth(outcome: Calibration | InsufficientEvidence) -> tuple[GrowthFigure, ...]:
    if isinstance(outcome, InsufficientEvidence):
        return ()
    return tuple(
        GrowthFigure(
            point.factor,
            point.gallery_size,
            point.fpir_unchanged,
            point.threshold,
            None if point.missed is None else _rate(point.missed.missed),
            bool(point.is_supported),
        )
        for point in outcome.growth
    )


def _prior(found: PriorThreshold | None, prior: ModelPrior | None) -> PriorFigure | None:
    if found is None or prior is None:
        return None
    return PriorFigure(
        found.name,
        found.measured_on,
        found.threshold,
        found.fpir,
        bool(found.is_extrapolated),
        prior.searches,
    )


def _lacking(outcome: InsufficientEvidence) -> Lacking:
    claim = outcome.claim
    return Lacking(
        outcome.reason,
        outcome.people,
        outcome.needed,
        outcome.more_needed,
        outcome.lowest_fpir,
        Claimed(claim.threshold, claim.named, claim.people, claim.fpir_at_most),
        _missed(outcome.prior_missed),
    )


def _near(nearest: Nearest | None) -> NearFigure | None:
    if nearest is None:
        return None
    return NearFigure(nearest.score, nearest.person_id, nearest.other_id)


def _counts(gathered: Gathered) -> Counts:
    counts = gathered.evidence.counts
    return Counts(
        stranger_searches=counts.stranger_searches,
        stranger_comparisons=counts.stranger_comparisons,
        people_strangers=counts.people_strangers,
        people_left_out=counts.people_left_out,
        mated_searches=counts.mated_searches,
        mated_people=counts.mated_people,
        photos=gathered.photos,
        confirmed=gathered.confirmed,
        refused_names=gathered.refused_names,
    )


def _distribution(evidence: Evidence) -> Distribution:
    edges, genuine = evidence.genuine.coarse(_BINS)
    step = float(edges[1] - edges[0])

    def counted(histogram: Histogram) -> tuple[int, ...]:
        return _ints(histogram.coarse(_BINS)[1])

    return Distribution(
        float(edges[0]),
        step,
        _ints(genuine),
        counted(evidence.other_enrolled),
        counted(evidence.stranger),
    )


def _ints(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
