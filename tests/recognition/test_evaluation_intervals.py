"""Intervals hold what they promise: against SciPy, by hand, and by making many samples."""

import numpy as np
import pytest
from scipy.stats import binomtest

from recognition.evaluation.bootstrap import (
    bootstrap_points,
    bootstrap_share,
    draw_people,
    interval_of,
    pair_weights,
)
from recognition.evaluation.intervals import share_of


@pytest.mark.parametrize(
    ("count", "total"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 3000), (29, 2618), (1, 1)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_is_wilsons(count, total, confidence):
    found = share_of(count, total, confidence=confidence)
    oracle = binomtest(count, total).proportion_ci(confidence, method="wilson")
    assert (found.low, found.high) == (pytest.approx(oracle.low), pytest.approx(oracle.high))
    assert found.value == pytest.approx(count / total)


def test_of_no_cases_nothing_is_known():
    nothing = share_of(0, 0)
    assert (nothing.value, nothing.low, nothing.high) == (None, 0.0, 1.0)
    with pytest.raises(ValueError, match="between 0 and the total"):
        share_of(3, 2)


def test_people_are_drawn_with_replacement_and_the_same_for_a_seed():
    drawn = draw_people(50, replicates=400, seed=1)
    assert drawn.shape == (400, 50)
    assert (drawn.sum(axis=1) == 50).all()
    assert drawn.var() == pytest.approx(1 - 1 / 50, abs=0.05)  # of a binomial of 50 and 1/50
    np.testing.assert_array_equal(drawn, draw_people(50, replicates=400, seed=1))
    assert not np.array_equal(drawn, draw_people(50, replicates=400, seed=2))


def test_a_pair_counts_as_often_as_both_its_people():
    drawn = np.array([[2, 0, 3], [1, 1, 1]])
    first, second = np.array([0, 0, 1, 2]), np.array([0, 2, 2, 2])
    assert pair_weights(drawn, first, second).tolist() == [[2, 6, 0, 3], [1, 1, 1, 1]]


def sample(random, people=60, pictures=5):
    """Errors that come in people: some are always missed, most never."""
    owner = np.repeat(np.arange(people), pictures)
    hard = random.beta(0.3, 1.7, people)  # a mean of 15 %
    return owner, random.random(people * pictures) < hard[owner]


def test_intervals_by_people_cover_the_truth_where_those_by_pictures_do_not():
    random = np.random.default_rng(8)
    by_people, by_pictures = 0, 0
    for repeat in range(200):
        owner, is_missed = sample(random)
        people = bootstrap_share(
            is_missed, draw_people(60, replicates=200, seed=repeat)[:, owner], people=60
        )
        pictures = bootstrap_share(
            is_missed, draw_people(300, replicates=200, seed=repeat), people=300
        )
        by_people += people.low <= 0.15 <= people.high
        by_pictures += pictures.low <= 0.15 <= pictures.high
    assert 0.88 * 200 <= by_people <= 0.99 * 200
    assert by_pictures < 0.80 * 200


def test_where_nothing_went_wrong_the_interval_has_a_width_all_the_same():
    weights = draw_people(20, replicates=50, seed=0)
    none = bootstrap_share(np.zeros(20, bool), weights, people=20)
    wilson = share_of(0, 20)
    assert (none.low, none.high) == (0.0, wilson.high)
    every = bootstrap_share(np.ones(20, bool), weights, people=20)
    assert (every.low, every.high) == (share_of(20, 20).low, 1.0)


def test_points_of_one_draw_are_those_of_the_repeated_comparisons():
    random = np.random.default_rng(4)
    scores = random.normal(size=120).round(1)
    is_genuine = random.random(120) < 0.5
    weights = draw_people(120, replicates=1, seed=9)
    ((tmr, threshold),) = bootstrap_points(
        scores, is_genuine=is_genuine, weights=weights, rates=[0.1], people=120
    )
    again, truth = np.repeat(scores, weights[0]), np.repeat(is_genuine, weights[0])
    allowed = [
        (again[truth] >= cut).mean() for cut in [*scores, 9] if (again[~truth] >= cut).mean() <= 0.1
    ]
    assert tmr.low == tmr.high == pytest.approx(max(allowed))
    assert (again[~truth] >= threshold.low).mean() <= 0.1


def test_points_cover_the_truth_and_include_the_thresholds_own_doubt():
    """Normal scores, means 0 and 2: at FMR 5 % the TMR is P(z > 1.645 - 2) = 0.639."""
    random = np.random.default_rng(6)
    covered = 0
    is_genuine = np.arange(300) < 150
    for repeat in range(150):
        scores = random.normal(np.where(is_genuine, 2.0, 0.0))
        ((tmr, threshold),) = bootstrap_points(
            scores,
            is_genuine=is_genuine,
            weights=draw_people(300, replicates=150, seed=repeat),
            rates=[0.05],
            people=300,
        )
        covered += tmr.low <= 0.639 <= tmr.high
        assert threshold.low < threshold.high
    assert 0.88 * 150 <= covered <= 150


def test_the_interval_is_the_middle_of_the_values():
    found = interval_of(np.arange(1001.0), confidence=0.9)
    assert (found.low, found.high) == (pytest.approx(50), pytest.approx(950))
    assert found.confidence == 0.9
    with pytest.raises(ValueError, match="no replicate"):
        interval_of(np.array([]))
