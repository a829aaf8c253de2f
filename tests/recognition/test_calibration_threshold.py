"""From evidence and a wish to a threshold, or to what is missing for one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.calibration import (
    SHIPPED_PRIOR,
    Calibration,
    Evidence,
    EvidenceRejected,
    InsufficientEvidence,
    MatedSearches,
    StrangerSearches,
    Wish,
    calibrate,
    default_sizes,
    det_curve,
    fpir_by_size,
    grown,
    growth,
    rates_at,
    seed_rules,
)
from recognition.calibration.beta import upper_bound
from recognition.calibration.tail import Tail
from recognition.decision import DecisionPolicy, threshold_for
from tests.recognition.fresh_process import modules_loaded_by
from tests.recognition.made_evidence import evidence_of, mated_of, strangers_of

POLICY = DecisionPolicy(threshold=0.5)
PERCENT = Wish(0.01)


def scores(count: int, *, seed: int = 0, gallery_size: int = 100) -> np.ndarray:
    """Best of so many normal comparisons each."""
    random = np.random.default_rng(seed)
    return random.normal(0, 0.09, (count, gallery_size)).max(axis=1)


def fit(values, *, wish=PERCENT, prior=SHIPPED_PRIOR, **options) -> Calibration:
    found = calibrate(
        evidence_of(values, own=[0.8, 0.7]), wish=wish, policy=POLICY, prior=prior, **options
    )
    assert isinstance(found, Calibration)
    return found


def test_the_portal_may_import_it_without_loading_anything_heavy():
    heavy = {"av", "cv2", "django", "faiss", "matplotlib", "onnx", "openvino", "scipy", "torch"}
    assert modules_loaded_by("import recognition.calibration", among=heavy) == []


# Wishes


def test_a_wish_may_be_told_in_strangers_or_in_days():
    assert Wish.one_in(200).fpir == 0.005
    wish = Wish.one_wrong_name_in(30, strangers_a_day=40)
    assert wish.fpir == pytest.approx(1 / 1200)
    assert (wish.days, wish.strangers_a_day) == (30, 40)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Wish(0.0),
        lambda: Wish(1.0),
        lambda: Wish(float("nan")),
        lambda: Wish.one_in(1),
        lambda: Wish.one_in(float("inf")),
        lambda: Wish.one_wrong_name_in(1, strangers_a_day=0.5),
    ],
)
def test_a_wish_that_means_nothing_is_refused(make):
    with pytest.raises(EvidenceRejected):
        make()


# Evidence and threshold


def test_without_a_prior_the_threshold_is_the_strangers_own_by_hand():
    # of 200 at most 2 may be named: the second highest score is the lowest threshold that does
    values = np.linspace(0.1, 0.299, 200)
    found = fit(values, prior=None)
    assert found.threshold == pytest.approx(0.298)
    assert found.fpir.named == pytest.approx(2)
    assert found.fpir.value == found.fpir.observed == pytest.approx(0.01)
    assert (found.prior_threshold, found.evidence_threshold) == (None, found.threshold)


def test_prior_evidence_and_both_are_told_apart():
    found = fit(scores(1000))
    estimate = found.fpir
    both = estimate.prior_searches * estimate.prior + estimate.named / estimate.clumping
    of = estimate.prior_searches + estimate.people / estimate.clumping
    assert estimate.value == pytest.approx(both / of)
    assert estimate.value <= 0.01
    assert found.prior_threshold.threshold == pytest.approx(threshold_for(100), abs=1e-4)
    assert not found.prior_threshold.is_extrapolated
    ends = sorted((found.prior_threshold.threshold, found.evidence_threshold))
    assert ends[0] - 2e-4 <= found.threshold <= ends[1] + 2e-4


def test_the_interval_of_the_threshold_is_where_the_wish_leaves_that_of_the_rate():
    values = scores(1000)
    found = fit(values)
    ends = found.threshold_interval
    assert ends.low < found.threshold < ends.high
    lowest, highest = (
        rates_at(evidence_of(values), policy=replace(POLICY, threshold=end)).fpir
        for end in (ends.low, ends.high)
    )
    assert lowest.interval.low == pytest.approx(0.01, rel=0.02)
    assert highest.interval.high == pytest.approx(0.01, rel=0.02)


def test_the_closed_form_is_the_bootstrap_by_person_with_the_prior_among_those_drawn():
    """Rubin's bootstrap: weights of a Dirichlet law, here of 300 people and a prior of 50."""
    values = scores(300)
    estimate = fit(values).fpir
    reached = Tail(strangers_of(values), gallery_size=100, prior=SHIPPED_PRIOR)
    threshold = float(np.sort(values)[-6])  # a score, so that nothing lies between two
    estimate = reached.estimate(threshold)
    random = np.random.default_rng(0)
    people = random.gamma(1 / estimate.clumping, size=(20_000, 300))
    prior = random.gamma(50 * estimate.prior, size=20_000)
    rest = random.gamma(50 * (1 - estimate.prior), size=20_000)
    drawn = (people[:, values >= threshold].sum(axis=1) + prior) / (
        people.sum(axis=1) + prior + rest
    )
    assert drawn.mean() == pytest.approx(estimate.value, rel=0.02)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (low, high) == pytest.approx((estimate.interval.low, estimate.interval.high), rel=0.05)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(300, 600),
    wishes=st.tuples(st.floats(0.004, 0.2), st.floats(0.004, 0.2)),
    assurance=st.sampled_from([None, 0.8, 0.95]),
)
def test_a_stricter_wish_never_lowers_the_threshold(seed, count, wishes, assurance):
    strict, lenient = sorted(wishes)
    tail = Tail(strangers_of(scores(count, seed=seed)), gallery_size=100, prior=SHIPPED_PRIOR)
    high, low = (tail.lowest_threshold(w, assurance=assurance) or 2.0 for w in (strict, lenient))
    assert high >= low


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_plays_no_part(seed):
    values = scores(400, seed=seed)
    mixed = np.random.default_rng(seed).permutation(400)
    searches = strangers_of(values)
    first, second = (
        Tail(each, gallery_size=100, prior=SHIPPED_PRIOR).estimate(0.3)
        for each in (searches, searches.only(mixed))
    )
    assert first.value == pytest.approx(second.value)
    assert first.clumping == pytest.approx(second.clumping)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), wish=st.floats(0.01, 0.1))
def test_the_same_evidence_twice_from_other_people_narrows_the_interval(seed, wish):
    values = scores(200, seed=seed)
    widths = []
    for times in (1, 2):
        # among a thousand, so that no two strangers are nearest to the same person
        searches = strangers_of(np.tile(values, times), gallery_size=1000)
        tail = Tail(searches, gallery_size=1000, prior=None)
        interval = tail.estimate(tail.lowest_threshold(wish)).interval
        widths.append(interval.high - interval.low)
    assert widths[1] < widths[0]


def test_assurance_asks_for_more_than_the_mean():
    values = scores(1000)
    found = fit(values, assurance=0.95)
    assert found.threshold > fit(values).threshold
    tail = Tail(strangers_of(values), gallery_size=100, prior=SHIPPED_PRIOR)
    assert tail.quantile(0.95, found.threshold) <= 0.01


def test_a_person_counts_once_however_often_they_searched():
    often = strangers_of(
        [0.9] * 50 + [0.1] * 150, people=["s0"] * 50 + [f"t{n}" for n in range(150)]
    )
    estimate = Tail(often, gallery_size=100, prior=None).estimate(0.5)
    assert estimate.people == pytest.approx(151)
    assert Tail(often, gallery_size=100, prior=None).counted(0.5) == pytest.approx(1)


def test_a_search_of_half_the_people_is_half_a_search():
    small = StrangerSearches.of(
        scores(200, gallery_size=50),
        person_ids=[f"s{n}" for n in range(200)],
        nearest_ids=["p0"] * 200,
        gallery_size=50,
    )
    assert Tail(small, gallery_size=100, prior=None).people == pytest.approx(100)


def test_one_likeness_seen_from_both_sides_is_one_accident():
    """A left out meets B, and B left out meets A: two names, one pair."""
    count = 200
    names = [f"p{n:03}" for n in range(count)]
    twins = [names[n ^ 1] for n in range(count)]
    mutual = strangers_of(
        np.repeat(scores(count // 2), 2), people=names, nearest=twins, source="leave_one_out"
    )
    tail = Tail(mutual, gallery_size=200, prior=None)
    assert tail.clumping == pytest.approx(2)
    apart = Tail(strangers_of(scores(count), gallery_size=200), gallery_size=200, prior=None)
    assert apart.clumping == pytest.approx(1)


def test_somebody_whom_many_strangers_are_taken_for_widens_the_interval():
    values = scores(1000)
    evenly = Tail(strangers_of(values), gallery_size=100, prior=None)
    popular = Tail(strangers_of(values, nearest=["p0"] * 1000), gallery_size=100, prior=None)
    assert popular.clumping > 10 * evenly.clumping
    one, other = (each.estimate(0.25) for each in (evenly, popular))
    assert other.interval.high > one.interval.high
    assert other.predicted(500).high > other.interval.high


def test_an_assurance_that_the_evidence_cannot_give_says_how_much_more_can():
    values = scores(120)
    found = calibrate(evidence_of(values), wish=PERCENT, policy=POLICY, prior=None, assurance=0.95)
    assert isinstance(found, InsufficientEvidence)
    assert found.reason == "too_few"
    more = scores(120 + found.more_needed, seed=1)
    assert found.needed == 120 + found.more_needed
    enough = calibrate(evidence_of(more), wish=PERCENT, policy=POLICY, prior=None, assurance=0.95)
    assert isinstance(enough, Calibration)


# Refusal


@pytest.mark.parametrize(
    ("people", "one_in", "more"),
    [(99, 100, 1), (100, 100, 0), (101, 100, 0), (299, 300, 1), (300, 300, 0), (10, 1000, 990)],
)
def test_it_is_refused_exactly_below_one_over_the_rate(people, one_in, more):
    found = calibrate(evidence_of(scores(people)), wish=Wish.one_in(one_in), policy=POLICY)
    assert isinstance(found, InsufficientEvidence if more else Calibration)
    if more:
        assert (found.reason, found.needed, found.more_needed) == ("too_few", one_in, more)
        assert found.lowest_fpir == pytest.approx(1 / people)
        assert found.prior_threshold is not None


def test_a_refusal_says_what_can_be_claimed_now():
    found = calibrate(evidence_of([0.1] * 60), wish=PERCENT, policy=POLICY)
    claim = found.claim
    assert (claim.named, claim.people) == (0, 60)
    assert claim.threshold == found.prior_threshold.threshold
    assert claim.fpir_at_most == pytest.approx(upper_bound(0, claim.trials))
    assert claim.fpir_at_most >= 1 - 0.05 ** (1 / 60)


def test_without_any_search_only_the_model_speaks_and_is_labelled():
    found = calibrate(evidence_of([]), wish=PERCENT, policy=POLICY)
    assert isinstance(found, InsufficientEvidence)
    assert (found.more_needed, found.lowest_fpir, found.claim.fpir_at_most) == (100, None, 1.0)
    assert found.prior_threshold.measured_on.startswith("LFW")
    assert found.ceilings.nearest_stranger is found.ceilings.nearest_other is None


def test_many_searches_of_few_people_are_few():
    few = strangers_of(scores(500), people=[f"s{n % 50}" for n in range(500)])
    found = calibrate(
        Evidence.of_searches(gallery_size=100, strangers=few), wish=PERCENT, policy=POLICY
    )
    assert isinstance(found, InsufficientEvidence)
    assert found.more_needed == 50
    assert found.counts.stranger_searches == 500
    assert found.counts.stranger_comparisons == 50_000


def test_somebody_enrolled_twice_leaves_no_threshold_and_is_named():
    values = np.append(scores(100), [1.0, 1.0, 1.0])
    found = calibrate(evidence_of(values), wish=PERCENT, policy=POLICY)
    assert isinstance(found, InsufficientEvidence)
    assert (found.reason, found.more_needed) == ("no_threshold", 0)
    assert found.ceilings.nearest_stranger.score == 1.0


def test_nobody_and_nothing_are_refused():
    with pytest.raises(EvidenceRejected):
        calibrate(evidence_of([], gallery_size=0), wish=PERCENT, policy=POLICY)
    with pytest.raises(EvidenceRejected):
        calibrate(evidence_of([]), wish=PERCENT, policy=POLICY, prior=None)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: strangers_of([1.5]), "no cosine"),
        (lambda: strangers_of([float("nan")]), "no cosine"),
        (lambda: strangers_of([0.5], people=["a", "b"]), "differ in length"),
        (lambda: strangers_of([0.5], source="unlabelled"), "known answer"),
        (lambda: strangers_of([0.5], people=["p0"], nearest=["p0"]), "is the stranger"),
        (lambda: strangers_of([0.5], gallery_size=100).of(
            [0.5], person_ids=["s"], nearest_ids=["p"], gallery_size=0), "gallery of nobody"),
        (lambda: mated_of([float("nan")]), "no cosine"),
        (lambda: MatedSearches.of([0.5], other_scores=[0.1], person_ids=["p"], source="x"), "known answer"),
    ],
)  # fmt: skip
def test_evidence_that_cannot_be_is_refused(make, what):
    with pytest.raises(EvidenceRejected, match=what):
        make()


# Made galleries: the truth is known


@pytest.mark.parametrize("gallery_size", [50, 500])
def test_the_promise_holds_for_made_galleries(gallery_size):
    """Of 60 at least 52: fewer come of one promise of 95 % in ten thousand."""
    random = np.random.default_rng(gallery_size)
    held = 0
    for _ in range(60):
        lots = random.random((2, 600)) ** (1 / gallery_size)
        known, fresh = np.sqrt(lots) * 2 - 1  # any rising function of the best of N
        found = fit(known, prior=None)
        promised = found.fpir.predicted(600)
        held += promised.low <= (fresh >= found.threshold).mean() <= promised.high
    assert held >= 52


# Growth and curves


@settings(deadline=None)
@given(st.floats(0.0001, 0.2), st.floats(0.1, 10), st.floats(0.1, 10))
def test_growing_twice_is_growing_by_both(fpir, first, second):
    assert grown(grown(fpir, factor=first), factor=second) == pytest.approx(
        grown(fpir, factor=first * second)
    )


@pytest.mark.parametrize(
    ("fpir", "factor", "expected"), [(0.01, 10, 1 - 0.99**10), (0.01, 1, 0.01), (0.0, 5, 0.0)]
)
def test_growth_is_that_of_independent_parts(fpir, factor, expected):
    assert grown(fpir, factor=factor) == pytest.approx(expected)


def test_a_larger_gallery_asks_for_a_higher_threshold_and_says_where_evidence_ends():
    evidence = evidence_of(scores(500), own=np.linspace(0.2, 0.9, 50))
    now, double, ten = calibrate(evidence, wish=PERCENT, policy=POLICY).growth
    assert (now.gallery_size, double.gallery_size, ten.gallery_size) == (100, 200, 1000)
    assert now.threshold < double.threshold < ten.threshold
    assert now.fpir_unchanged < double.fpir_unchanged < ten.fpir_unchanged
    assert now.missed.missed.value <= ten.missed.missed.value
    assert [each.is_supported for each in (now, double, ten)] == [True, True, False]
    half, *_ = growth(evidence, wish=PERCENT, policy=POLICY, factors=(0.5,))
    assert half.threshold < now.threshold


def test_a_gallery_of_ten_times_the_size_is_foretold():
    small, large = scores(20_000, gallery_size=20), scores(20_000, seed=1, gallery_size=200)
    threshold = float(np.quantile(small, 0.99))
    assert grown(0.01, factor=10) == pytest.approx((large >= threshold).mean(), rel=0.15)


def test_curves_rise_and_fall_as_they_should():
    evidence = evidence_of(scores(500), own=np.linspace(0.2, 0.9, 50))
    points = det_curve(evidence, policy=POLICY, points=50)
    for before, after in pairwise(points):
        assert before.threshold < after.threshold
        assert before.fpir >= after.fpir
        assert before.fnir <= after.fnir
    sizes = default_sizes(100)
    assert (sizes[0], sizes[-1]) == (10, 1000)
    assert 100 in sizes
    estimate = calibrate(evidence, wish=PERCENT, policy=POLICY).fpir
    drawn = fpir_by_size(estimate, sizes=sizes)
    assert [p.fpir for p in drawn] == sorted(p.fpir for p in drawn)
    assert next(p for p in drawn if p.gallery_size == 100).fpir == pytest.approx(estimate.value)


def test_without_enrolled_searches_there_is_no_curve():
    assert det_curve(evidence_of(scores(10)), policy=POLICY) == ()


def test_rates_are_told_for_any_policy_and_say_where_they_are_only_the_prior():
    evidence = evidence_of(scores(50), own=[0.8])
    seen, beyond = (
        rates_at(evidence, policy=replace(POLICY, threshold=t)).fpir for t in (0.2, 0.6)
    )
    assert seen.is_supported
    assert not beyond.is_supported
    assert beyond.value < seen.value
    assert beyond.interval.high > 0.01  # fifty people cannot say more
    assert rates_at(evidence_of([]), policy=POLICY, prior=None).fpir is None


# The rules of others


def test_others_rules_by_hand():
    # own scores 0.500 to 0.599, strangers' 0.100 to 0.199 but one at 0.550
    evidence = evidence_of(
        np.append(np.arange(100, 199), 550) / 1000, own=np.arange(500, 600) / 1000
    )
    rules = {rule.name: rule for rule in seed_rules(evidence, policy=POLICY, far=0.01)}
    assert set(rules) == {"best_accuracy", "val_at_far"}
    assert rules["best_accuracy"].threshold == pytest.approx(0.5)
    assert rules["best_accuracy"].promise == pytest.approx(0.995)
    assert rules["val_at_far"].threshold == pytest.approx(0.199)
    assert rules["val_at_far"].promise == 1.0
    assert rules["val_at_far"].missed.missed.value == 0.0


def test_others_rules_know_no_guard_either():
    """They compare pairs, and were never told who looks like whom."""
    evidence = evidence_of(np.arange(100, 199) / 1000, own=np.arange(500, 600) / 1000)
    everybody = frozenset(evidence.mated.person_ids.tolist())
    guarded = replace(POLICY, guarded=everybody)
    assert seed_rules(evidence, policy=guarded) == seed_rules(evidence, policy=POLICY)
