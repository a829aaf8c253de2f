"""Who is missed, by the rules that the live path follows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.calibration import CAMERA_PEOPLE, camera_rates, low_margin, miss_rate
from recognition.calibration.missed import Outcome, outcomes
from recognition.contracts import Candidate, FaceQuality
from recognition.decision import DecisionPolicy, decide
from tests.recognition.made_evidence import mated_of

GOOD = FaceQuality(60.0, 100.0, 0.5, 0.2, 0.0, 1.0, 0.9)
POLICY = DecisionPolicy(threshold=0.5)
# hundredths, so that ties and limits are met exactly
scores = st.integers(0, 100).map(lambda n: n / 100)


@settings(deadline=None)
@given(
    own=scores,
    other=st.one_of(scores, st.just(-math.inf)),
    threshold=scores,
    band=st.sampled_from([0.0, 0.05]),
    margin=st.sampled_from([0.01, 0.05]),
    guarded=st.sampled_from([(), ("p0",), ("q0",)]),
)
def test_the_outcome_is_that_of_the_live_decision(own, other, threshold, band, margin, guarded):
    policy = DecisionPolicy(
        threshold, grey_band=band, min_margin=margin, guarded=frozenset(guarded)
    )
    mated = mated_of([own], [other])
    met = [Candidate("p0", own)]
    if math.isfinite(other):
        met.append(Candidate("q0", other))
    decision = decide(met, quality=GOOD, policy=policy)
    expected = {
        ("match", "p0"): Outcome.NAMED,
        ("match", "q0"): Outcome.MISNAMED,
        ("unknown", None): Outcome.UNKNOWN,
    }.get((decision.kind, decision.person_id), Outcome.TO_REVIEW)
    assert outcomes(mated, policy=policy)[0] == expected


@pytest.mark.parametrize(
    ("own", "other", "expected", "why"),
    [
        (0.50, 0.30, Outcome.NAMED, "the threshold itself is enough"),
        (0.49, 0.30, Outcome.TO_REVIEW, "grey band"),
        (0.44, 0.30, Outcome.UNKNOWN, "below the band"),
        (0.60, 0.57, Outcome.TO_REVIEW, "too close to the second person"),
        (0.30, 0.60, Outcome.MISNAMED, "somebody else is far ahead"),
        (-math.inf, 0.60, Outcome.MISNAMED, "their own score was too low to be kept"),
        (-math.inf, -math.inf, Outcome.UNKNOWN, "nobody was near"),
        (0.50, -math.inf, Outcome.NAMED, "nobody else is enrolled"),
    ],
)
def test_each_kind_of_search_has_its_outcome(own, other, expected, why):
    assert outcomes(mated_of([own], [other]), policy=POLICY)[0] == expected, why


def test_of_a_tie_without_a_margin_nobody_is_named_rightly():
    policy = replace(POLICY, min_margin=0.0)
    assert outcomes(mated_of([0.7], [0.7]), policy=policy)[0] == Outcome.MISNAMED


def test_a_person_counts_once_however_often_they_searched():
    # p0 is missed in all of eight searches, p1 and p2 in none
    mated = mated_of([0.1] * 8 + [0.9, 0.9], people=["p0"] * 8 + ["p1", "p2"])
    rate = miss_rate(mated, policy=POLICY)
    assert rate.missed.value == pytest.approx(1 / 3)
    assert rate.missed.count == 8
    assert (rate.people, rate.searches) == (3, 10)
    assert rate.missed.interval.low <= 1 / 3 <= rate.missed.interval.high


def test_the_parts_make_up_the_whole():
    random = np.random.default_rng(0)
    mated = mated_of(random.uniform(0.2, 0.9, 300), random.uniform(0, 0.6, 300))
    rate = miss_rate(mated, policy=POLICY)
    unknown = (outcomes(mated, policy=POLICY) == Outcome.UNKNOWN).mean()
    assert rate.named.value + rate.missed.value == pytest.approx(1)
    assert rate.misnamed.value + rate.to_review.value + unknown == pytest.approx(rate.missed.value)


def test_where_nobody_is_missed_the_interval_still_has_a_width():
    rate = miss_rate(mated_of([0.9] * 30), policy=POLICY)
    assert rate.missed.value == 0.0
    assert rate.missed.interval.low == 0.0
    assert 0.05 < rate.missed.interval.high < 0.2


def test_without_searches_there_is_no_rate():
    assert miss_rate(mated_of([]), policy=POLICY) is None


@settings(deadline=None)
@given(
    own=st.lists(scores, min_size=1, max_size=30), low=scores, high=scores, seed=st.integers(0, 99)
)
def test_a_higher_threshold_never_misses_fewer_and_order_plays_no_part(own, low, high, seed):
    low, high = sorted((low, high))
    mated = mated_of(own)
    few, many = (miss_rate(mated, policy=replace(POLICY, threshold=t)) for t in (low, high))
    assert few.missed.value <= many.missed.value + 1e-12
    order = np.random.default_rng(seed).permutation(len(own))
    assert miss_rate(mated.only(order), policy=replace(POLICY, threshold=low)) == few


def test_a_camera_has_a_rate_once_enough_people_passed_it():
    many, few = CAMERA_PEOPLE, CAMERA_PEOPLE - 1
    mated = mated_of(
        [0.9] * (many + few + 1),
        people=[f"p{n}" for n in range(many)] + [f"p{n}" for n in range(few)] + ["p0"],
        cameras=["door"] * many + ["yard"] * few + [""],
    )
    door, yard = camera_rates(mated, policy=POLICY)
    assert (door.camera_id, door.people) == ("door", many)
    assert door.rate is not None
    assert (yard.camera_id, yard.people, yard.rate) == ("yard", few, None)


def test_each_camera_is_judged_by_its_own_threshold():
    """As it decides: a door that is stricter misses more than the same faces miss elsewhere."""
    count = CAMERA_PEOPLE
    mated = mated_of(
        [0.52] * (3 * count),
        people=[f"p{n}" for n in range(count)] * 3,
        cameras=["door"] * count + ["hall"] * count + ["lane"] * count,
    )
    policy = replace(POLICY, threshold=0.5)
    door, hall, lane = camera_rates(mated, policy=policy, offsets={"door": 0.05, "lane": -0.05})
    assert (door.rate.missed.value, door.rate.threshold, door.offset) == (
        1.0,
        pytest.approx(0.55),
        0.05,
    )
    assert (hall.rate.missed.value, hall.rate.threshold, hall.offset) == (0.0, 0.5, 0.0)
    assert (lane.rate.missed.value, lane.rate.threshold) == (0.0, pytest.approx(0.45))


@pytest.mark.parametrize(
    ("threshold", "offset", "expected", "why"),
    [
        (0.5, 0.1, 0.6, "stricter"),
        (0.5, -0.1, 0.4, "more lenient"),
        (0.95, 0.2, 0.99, "some face must be able to reach it"),
        (0.5, 0.0, 0.5, "as everywhere"),
    ],
)
def test_what_an_offset_makes_of_a_policy(threshold, offset, expected, why):
    policy = DecisionPolicy(threshold, grey_band=0.03, guarded=frozenset({"p"}))
    own = policy.stricter_by(offset)
    assert own.threshold == pytest.approx(expected), why
    assert (own.grey_band, own.guarded) == (0.03, frozenset({"p"})), "only the threshold moves"


def test_low_margins_are_listed_least_first_once_for_each_two():
    mated = mated_of(
        [0.60, 0.55, 0.90, 0.58, 0.20],
        [0.58, 0.60, 0.30, 0.57, 0.19],
        people=["p0", "p1", "p2", "p0", "p4"],
    )
    found = low_margin(mated, policy=POLICY)
    assert [(each.person_id, round(each.margin, 3)) for each in found] == [
        ("p1", -0.05),
        ("p0", 0.01),
        ("p0", 0.02),
    ]
