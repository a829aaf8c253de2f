"""Shares and counts against formulas that a pocket calculator knows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.calibration.beta import (
    beta_binomial_quantile,
    beta_cdf,
    beta_quantile,
    upper_bound,
)

shares = st.floats(0.001, 0.999)


@pytest.mark.parametrize(
    ("x", "a", "b", "expected", "why"),
    [
        (0.3, 1, 1, 0.3, "uniform"),
        (0.3, 2, 1, 0.09, "x squared"),
        (0.3, 1, 3, 1 - 0.7**3, "the least of three"),
        (0.5, 7.3, 7.3, 0.5, "symmetrical"),
        (0.25, 0.5, 0.5, 2 / math.pi * math.asin(0.5), "the arcsine law"),
        (0.3, 3, 5, 0.3529305, "P(at least 3 of 7 at 0.3), by hand"),
        (0.0, 2, 2, 0.0, "nothing lies below 0"),
        (1.0, 2, 2, 1.0, "everything lies below 1"),
    ],
)
def test_the_distribution_has_its_known_values(x, a, b, expected, why):
    assert float(beta_cdf(x, a, b)) == pytest.approx(expected, abs=1e-9), why


@settings(deadline=None)
@given(a=st.integers(1, 30), b=st.integers(1, 30), x=shares)
def test_with_whole_parameters_it_is_a_binomial_tail(a, b, x):
    trials = a + b - 1
    tail = math.fsum(
        math.comb(trials, k) * x**k * (1 - x) ** (trials - k) for k in range(a, trials + 1)
    )
    assert float(beta_cdf(x, a, b)) == pytest.approx(tail, abs=1e-10)


@settings(deadline=None)
@given(a=st.floats(0.05, 500), b=st.floats(0.05, 5000), share=st.floats(0.01, 0.99))
def test_the_quantile_undoes_the_distribution(a, b, share):
    at = float(beta_quantile(share, a, b))
    assert 0.0 <= at <= 1.0
    if 1e-290 < at < 1 - 1e-12:
        assert float(beta_cdf(at, a, b)) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(
    ("trials", "at_most"),
    [(100, 0.0295), (300, 0.00994), (1000, 0.00299), (3000, 0.000998)],
)
def test_nobody_of_n_is_the_rule_of_three(trials, at_most):
    bound = upper_bound(0, trials)
    assert bound == pytest.approx(at_most, rel=0.003)
    assert (1 - bound) ** trials == pytest.approx(0.05)


def test_one_of_n_is_clopper_and_pearsons_bound():
    bound = upper_bound(1, 100)
    none_or_one = (1 - bound) ** 100 + 100 * bound * (1 - bound) ** 99
    assert none_or_one == pytest.approx(0.05, abs=1e-9)


def test_of_nobody_at_all_nothing_is_known():
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(3, 3) == 1.0


def test_counts_to_come_are_even_where_every_share_is_as_likely():
    # Beta(1, 1): every count of 0 to 9 has a tenth
    assert [beta_binomial_quantile(s, a=1, b=1, trials=9) for s in (0.05, 0.15, 0.5, 0.95)] == [
        0, 1, 4, 9,
    ]  # fmt: skip


def test_counts_to_come_agree_with_drawing_them():
    random = np.random.default_rng(3)
    drawn = random.binomial(500, random.beta(3.5, 200, 200_000))
    for share in (0.025, 0.5, 0.975):
        told = beta_binomial_quantile(share, a=3.5, b=200, trials=500)
        assert abs(told - np.quantile(drawn, share)) <= 1
