"""The Beta distribution by numpy alone: what k of n says of a share, and of the next n.

Public surface: ``beta_cdf``, ``beta_quantile``, ``beta_binomial_quantile``,
``upper_bound``.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["beta_binomial_quantile", "beta_cdf", "beta_quantile", "upper_bound"]

_TERMS = 500
_TINY = 1e-300
_HALVINGS = 60
_log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])


def beta_cdf(x: float, a: float, b: float) -> float:
    """P(share <= x) for Beta(a, b), ``a`` and ``b`` above 0.

    The continued fraction of the incomplete beta function by Lentz's method (Press et al.,
    Numerical Recipes, 6.4).
    """
    if not 0.0 < x < 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_cdf(1.0 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(front + a * math.log(x) + b * math.log1p(-x)) / a
    return front * _continued_fraction(x, a, b)


def _continued_fraction(x: float, a: float, b: float) -> float:
    numerator = 1.0
    denominator = 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    value = denominator
    for m in range(1, _TERMS):
        before = value
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            denominator = 1.0 / _not_zero(1.0 + term * denominator)
            numerator = _not_zero(1.0 + term / numerator)
            value *= denominator * numerator
        if abs(value - before) < 1e-14 * abs(value):
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def beta_quantile(share: float, a: float, b: float) -> float:
    """The x below which Beta(a, b) has this ``share``, by halving along log(x)."""
    low, high = -700.0, 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        is_below = beta_cdf(math.exp(middle), a, b) < share
        low, high = (middle, high) if is_below else (low, middle)
    return math.exp(high)


def beta_binomial_quantile(share: float, *, a: float, b: float, trials: int) -> int:
    """The fewest successes of ``trials`` that at least this ``share`` of outcomes do not exceed,
    where the chance of each is drawn from Beta(a, b) once."""
    counts = np.arange(trials + 1)
    log_share = (
        math.lgamma(trials + 1)
        - _log_gamma(counts + 1.0)
        - _log_gamma(trials - counts + 1.0)
        + _log_gamma(counts + a)
        + _log_gamma(trials - counts + b)
        - math.lgamma(trials + a + b)
        + math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
    )
    below = np.exp(log_share).cumsum()
    return min(int(np.searchsorted(below, share - 1e-12)), trials)


def upper_bound(named: float, trials: float, *, confidence: float = 0.95) -> float:
    """What a share is at most, after ``named`` of ``trials`` (Clopper and Pearson, one-sided).

    Of 0 it is ``1 - (1 - confidence) ** (1 / trials)``, about 3 / trials: the rule of three.
    """
    if trials <= 0 or named >= trials:
        return 1.0
    if named == 0:
        return -math.expm1(math.log1p(-confidence) / trials)
    return beta_quantile(confidence, named + 1.0, trials - named)
