"""Probabilities from scores: fits against SciPy and scikit-learn, and their reliability by hand."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from recognition.evaluation.calibration import (
    cross_fitted,
    fit_isotonic,
    fit_logistic,
    reliability,
)


def made(count=2000, seed=1):
    """Scores whose true probability is 1 / (1 + exp(-(8 s - 3)))."""
    random = np.random.default_rng(seed)
    scores = random.uniform(-0.5, 1.2, count)
    return scores, random.random(count) < 1 / (1 + np.exp(-(8 * scores - 3)))


def test_the_logistic_curve_is_the_most_likely_one():
    scores, is_genuine = made()
    genuine, impostors = is_genuine.sum(), (~is_genuine).sum()
    targets = np.where(is_genuine, (genuine + 1) / (genuine + 2), 1 / (impostors + 2))

    def loss(weights):
        values = weights[0] * scores + weights[1]
        return (np.logaddexp(0, values) - targets * values).sum()

    oracle = minimize(loss, [0.0, 0.0], method="BFGS").x
    fitted = fit_logistic(scores, is_genuine)
    assert (fitted.slope, fitted.intercept) == (
        pytest.approx(oracle[0], rel=1e-3),
        pytest.approx(oracle[1], rel=1e-3),
    )
    assert fitted.slope == pytest.approx(8, rel=0.15)
    assert fitted.intercept == pytest.approx(-3, rel=0.15)


@pytest.mark.parametrize(
    ("scores", "labels", "why"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], "separable: the slope must stay finite"),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], "all alike: one half"),
        ([-1.0, 0.4, 0.5, 0.6], [0, 1, 0, 1], "few and overlapping"),
    ],
)
def test_the_logistic_curve_stays_finite(scores, labels, why):
    stated = fit_logistic(np.array(scores), np.array(labels, bool))(np.array(scores))
    assert np.isfinite(stated).all(), why
    assert ((stated > 0) & (stated < 1)).all(), why
    assert stated.mean() == pytest.approx(np.mean(labels), abs=0.01), why


@pytest.mark.parametrize("decimals", [1, 6])
def test_the_isotonic_curve_is_that_of_scikit_learn(decimals):
    scores, is_genuine = made(400)
    scores = scores.round(decimals)  # one decimal: many equal scores
    oracle = IsotonicRegression(out_of_bounds="clip").fit(scores, is_genuine)
    asked = np.linspace(-1, 2, 301)
    np.testing.assert_allclose(
        fit_isotonic(scores, is_genuine)(asked), oracle.predict(asked), atol=1e-9
    )


def test_bins_are_those_of_scikit_learn():
    scores, is_genuine = made()
    stated = fit_logistic(scores, is_genuine)(scores)
    found = reliability(stated, is_genuine)
    true, mean_stated = calibration_curve(is_genuine, stated, n_bins=10)
    np.testing.assert_allclose([part.mean_stated for part in found.bins], mean_stated)
    np.testing.assert_allclose([part.genuine.value for part in found.bins], true)
    assert found.brier == pytest.approx(brier_score_loss(is_genuine, stated))
    assert sum(part.genuine.total for part in found.bins) == len(scores)


def test_the_expected_error_by_hand():
    stated = np.array([0.25, 0.25, 0.25, 0.25, 0.95, 0.95])
    is_genuine = np.array([True, False, False, False, True, False])
    found = reliability(stated, is_genuine)
    assert [(part.low, part.genuine.count, part.genuine.total) for part in found.bins] == [
        (0.2, 1, 4),
        (0.9, 1, 2),
    ]
    assert found.ece == pytest.approx((4 * 0.0 + 2 * 0.45) / 6)
    assert reliability(np.array([1.0]), np.array([True])).bins[0].high == 1.0


def test_a_curve_that_lies_is_found_out_only_by_other_folds():
    random = np.random.default_rng(3)
    scores, is_genuine = random.random(300), random.random(300) < 0.5  # the score says nothing
    fold = np.arange(300) % 3
    own = reliability(fit_isotonic(scores, is_genuine)(scores), is_genuine)
    honest = reliability(cross_fitted(scores, is_genuine, fold=fold, fit=fit_isotonic), is_genuine)
    assert own.ece < 1e-9
    assert honest.ece > 0.03


def test_one_kind_alone_has_no_curve():
    for fit in (fit_logistic, fit_isotonic):
        with pytest.raises(ValueError, match="both kinds"):
            fit(np.array([0.1, 0.2]), np.array([True, True]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability(np.array([1.2]), np.array([True]))
