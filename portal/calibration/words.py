"""How rates are said: the one place for "1 in 1,000", "2.5 %" and how sure that is.

Rounding never promises more than was measured. An error rate is rounded up, a share of which more
is better (``worse="lower"``) down, and an interval outwards. Public surface: the names in
``__all__``; templates have ``{% load rates %}``.
"""

from __future__ import annotations

import math
from typing import Literal

from recognition.calibration.beta import upper_bound

__all__ = [
    "NOT_MEASURED",
    "Worse",
    "asked_one_in",
    "count",
    "counted",
    "not_seen",
    "one_in",
    "one_in_of",
    "one_in_with_interval",
    "percent",
    "with_interval",
]

Worse = Literal["higher", "lower"]

NOT_MEASURED = "not measured"

_RAREST = 1_000_000  # nothing on a site supports "1 in 10,000,000"
_DUST = 1e-9  # of floating point: 1 / 0.001 is 1,000 and not 999


def count(number: float) -> str:
    """1234 as "1,234"; of a fraction the whole part."""
    return f"{math.floor(number):,}"


def one_in(rate: float | None, *, worse: Worse = "higher") -> str:
    """0.001 as "1 in 1,000", 0.35 as "4 in 10"; "none" for 0 and "all" for 1.

    Two figures, rounded so that the rate looks no better than it is.
    """
    if rate is None:
        return NOT_MEASURED
    _expect_rate(rate)
    if rate in {0.0, 1.0}:
        return "none" if rate == 0.0 else "all"
    up = worse == "higher"
    if rate * _RAREST < 1.0 - _DUST:
        return f"fewer than 1 in {_RAREST:,}" if up else "none"
    if rate > 0.2:
        return _of_ten(rate, up=up)
    return f"1 in {_two_figures(1.0 / rate, up=not up):,}"


def asked_one_in(rate: float) -> str:
    """A rate that somebody asked for, as they asked: "1 in 1,234", with all its figures."""
    _expect_rate(rate)
    if rate <= 0.0:
        return "none"
    return "all" if rate >= 1.0 else f"1 in {round(1.0 / rate):,}"


def one_in_of(rate: float | None, whom: str, *, worse: Worse = "higher") -> str:
    """ "1 in 1,000 strangers", "no strangers", "all strangers"."""
    said = one_in(rate, worse=worse)
    return f"no {whom}" if said == "none" else f"{said} {whom}" if rate is not None else said


def percent(rate: float | None, *, worse: Worse = "higher") -> str:
    """0.0251 as "2.6 %": whole from 10 to 90, else two figures of what is left to 0 or to 100."""
    if rate is None:
        return NOT_MEASURED
    _expect_rate(rate)
    return f"{_percentage(rate, up=worse == 'higher')} %"


def with_interval(rate: float | None, low: float, high: float, *, worse: Worse = "higher") -> str:
    """ "2.6 % (95 % sure: 1.2 % to 5.4 %)"."""
    if rate is None:
        return NOT_MEASURED
    said = percent(rate, worse=worse)
    return f"{said} (95 % sure: {percent(low, worse='lower')} to {percent(high)})"


def one_in_with_interval(rate: float | None, low: float, high: float) -> str:
    """ "1 in 330 (95 % sure: 1 in 810 to 1 in 120)": the rarest first."""
    if rate is None:
        return NOT_MEASURED
    return f"{one_in(rate)} (95 % sure: {one_in(low, worse='lower')} to {one_in(high)})"


def not_seen(trials: float, *, confidence: float = 0.95) -> str:
    """What nothing in so many trials allows to be claimed: "at most 1 in 33 (none in 100)"."""
    if trials < 1:
        return NOT_MEASURED
    return (
        f"at most {one_in(upper_bound(0, trials, confidence=confidence))} (none in {count(trials)})"
    )


def counted(part: float, whole: float, *, worse: Worse = "higher") -> str:
    """ "3 of 120 (2.5 %)"; "none of 120", "none yet" where there was nothing to count."""
    if whole <= 0:
        return "none yet"
    if part == 0:
        return f"none of {count(whole)}"
    return f"{count(part)} of {count(whole)} ({percent(part / whole, worse=worse)})"


def _expect_rate(rate: float) -> None:
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"The rate {rate} was given; expected 0 to 1.")


def _two_figures(value: float, *, up: bool) -> int:
    """A number of 1 or more with two figures: 1 to 99 as a whole number, 970, 9,700 …"""
    step: int = 10 ** max(0, math.floor(math.log10(value * (1.0 + _DUST))) - 1)
    if up:
        return max(1, math.ceil(value / step * (1.0 - _DUST))) * step
    return max(1, math.floor(value / step * (1.0 + _DUST))) * step


def _of_ten(rate: float, *, up: bool) -> str:
    """Above a fifth "1 in N" is too coarse: the nearest of 1 in 2, 3, 4, of tenths and, near all,
    of hundredths."""
    nearest = [(1, 5), (1, 4), (1, 3), (1, 2), *((k, 10) for k in range(3, 10) if k != 5)]
    nearest += [(k, 100) for k in range(91, 100)]
    if up:
        fitting = [(k, n) for k, n in nearest if k / n >= rate - _DUST]
        parts, whole = min(fitting, key=lambda pair: pair[0] / pair[1], default=(99, 100))
        return f"{parts} in {whole}" if fitting else f"more than {parts} in {whole}"
    fitting = [(k, n) for k, n in nearest if k / n <= rate + _DUST]
    parts, whole = max(fitting, key=lambda pair: pair[0] / pair[1])
    return f"{parts} in {whole}"


def _percentage(rate: float, *, up: bool) -> str:
    left = min(rate, 1.0 - rate) * 100.0 * (1.0 + _DUST)
    places = min(4, max(0, 1 - math.floor(math.log10(left)))) if left > _DUST else 0
    scaled = rate * 100.0 * 10**places
    rounded = math.ceil(scaled * (1.0 - _DUST)) if up else math.floor(scaled * (1.0 + _DUST))
    text = f"{min(rounded / 10**places, 100.0):.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
