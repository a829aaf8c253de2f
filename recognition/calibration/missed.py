"""How many enrolled people are not named (FNIR) by the very rules of ``decision.decide``.

Public surface: ``Outcome``, ``Rate``, ``MissRate``, ``CameraRate``, ``LowMargin``,
``CAMERA_PEOPLE``, ``outcomes``, ``miss_rate``, ``camera_rates``, ``low_margin``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from recognition.calibration.evidence import MatedSearches
from recognition.decision import DecisionPolicy
from recognition.evaluation.bootstrap import Interval, bootstrap_share, draw_people

__all__ = [
    "CAMERA_PEOPLE",
    "CameraRate",
    "LowMargin",
    "MissRate",
    "Outcome",
    "Rate",
    "camera_rates",
    "low_margin",
    "miss_rate",
    "outcomes",
]

# With fewer, the interval of a camera's rate reaches from nothing to everything that matters.
CAMERA_PEOPLE = 20
_REPLICATES = 1000


class Outcome(IntEnum):
    """What became of an enrolled person's search."""

    NAMED = 0
    MISNAMED = 1
    TO_REVIEW = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of people: each counts once, however often they searched, with its 95 % interval by
    drawing people again. ``count`` is in searches."""

    value: float
    interval: Interval
    count: int


@dataclass(frozen=True, slots=True)
class MissRate:
    """``missed`` (FNIR) is everybody who was not named: to ``to_review`` a human is asked, as which
    the right person need not be suggested, ``misnamed`` got somebody else's name, the rest none."""

    threshold: float
    searches: int
    people: int
    named: Rate
    missed: Rate
    misnamed: Rate
    to_review: Rate


@dataclass(frozen=True, slots=True)
class CameraRate:
    """A camera's figures, at its own threshold: the policy's and ``offset``. ``rate`` is None where
    fewer than ``CAMERA_PEOPLE`` passed it."""

    camera_id: str
    people: int
    searches: int
    rate: MissRate | None
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class LowMargin:
    """A search in which somebody else came close, or closer (``margin`` below 0)."""

    person_id: str
    other_id: str
    own_score: float
    other_score: float
    margin: float


def outcomes(mated: MatedSearches, *, policy: DecisionPolicy) -> NDArray[np.int8]:
    """An ``Outcome`` for each search, ``(M,)``: what ``decide`` says of these two scores, without
    quality. Nobody is helped by a tie: equal scores go to the other person."""
    own, other = mated.own_scores, mated.other_scores
    best, second = np.maximum(own, other), np.minimum(own, other)
    with np.errstate(invalid="ignore"):
        margin = best - second
    found = np.full(len(mated), Outcome.UNKNOWN, np.int8)
    found[best >= policy.threshold - policy.grey_band] = Outcome.TO_REVIEW
    decided = (best >= policy.threshold) & ~(margin < policy.min_margin)
    if policy.guarded:
        first = np.where(own > other, mated.person_ids, mated.other_ids)
        clear = (best >= policy.threshold + policy.guard) & ~(
            margin < policy.min_margin + policy.guard
        )
        decided &= clear | ~np.isin(first, list(policy.guarded))
    found[decided] = np.where(own > other, Outcome.NAMED, Outcome.MISNAMED)[decided]
    return found


def miss_rate(mated: MatedSearches, *, policy: DecisionPolicy, seed: int = 0) -> MissRate | None:
    """What a policy does to enrolled people; None where none searched."""
    if not len(mated):
        return None
    found = outcomes(mated, policy=policy)
    _, codes, counts = np.unique(mated.person_ids, return_inverse=True, return_counts=True)
    share = 1.0 / counts[codes]
    drawn = draw_people(len(counts), replicates=_REPLICATES, seed=seed)

    def rate(chosen: NDArray[np.bool_]) -> Rate:
        by_person = np.bincount(codes, share * chosen, len(counts)).astype(np.float64)
        return Rate(
            float(by_person.mean()), _interval(by_person, drawn), int(np.count_nonzero(chosen))
        )

    return MissRate(
        policy.threshold,
        len(mated),
        len(counts),
        rate(found == Outcome.NAMED),
        rate(found != Outcome.NAMED),
        rate(found == Outcome.MISNAMED),
        rate(found == Outcome.TO_REVIEW),
    )


def camera_rates(
    mated: MatedSearches,
    *,
    policy: DecisionPolicy,
    offsets: Mapping[str, float] | None = None,
    seed: int = 0,
) -> tuple[CameraRate, ...]:
    """Camera by camera, in the order of their keys; searches without a camera are left out.

    ``offsets`` is what cameras add to the policy's threshold: each is judged as it decides.
    """
    added = offsets or {}
    rates = []
    for camera in np.unique(mated.camera_ids[mated.camera_ids != ""]):
        here = mated.only(mated.camera_ids == camera)
        people = here.people
        enough = people >= CAMERA_PEOPLE
        offset = added.get(str(camera), 0.0)
        own = policy.stricter_by(offset)
        rates.append(
            CameraRate(
                str(camera),
                people,
                len(here),
                miss_rate(here, policy=own, seed=seed) if enough else None,
                offset,
            )
        )
    return tuple(rates)


def low_margin(
    mated: MatedSearches, *, policy: DecisionPolicy, most: int = 20
) -> tuple[LowMargin, ...]:
    """The searches with a margin below the policy's among those that could be named, least first,
    one for each two people."""
    margin = mated.own_scores - np.where(np.isneginf(mated.other_scores), -2.0, mated.other_scores)
    best = np.maximum(mated.own_scores, mated.other_scores)
    seen: set[tuple[str, str]] = set()
    found: list[LowMargin] = []
    for row in np.lexsort((mated.person_ids, margin)):
        if len(found) == most or margin[row] >= policy.min_margin:
            break
        pair = (str(mated.person_ids[row]), str(mated.other_ids[row]))
        if best[row] < policy.threshold or pair in seen:
            continue
        seen.add(pair)
        scores = float(mated.own_scores[row]), float(mated.other_scores[row])
        found.append(LowMargin(*pair, *scores, float(margin[row])))
    return tuple(found)


def _interval(by_person: NDArray[np.float64], drawn: NDArray[np.int64]) -> Interval:
    """Of a mean over people; Wilson's where all are alike."""
    people = len(by_person)
    if (by_person == by_person[0]).all() and by_person[0] in {0.0, 1.0}:
        return bootstrap_share(by_person > 0.0, drawn, people=people)
    low, high = np.quantile((drawn @ by_person) / people, [0.025, 0.975])
    return Interval(float(low), float(high))
