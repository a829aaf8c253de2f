"""Words for rates: they read well, and they never promise more than was measured."""

from __future__ import annotations

import re

import pytest
from django.template import engines
from hypothesis import given
from hypothesis import strategies as st

from portal.calibration import words

RATES = [
    (None, "not measured", "not measured", "nothing was measured"),
    (0.0, "none", "0 %", "counted, and none"),
    (1.0, "all", "100 %", "all of them"),
    (1e-9, "fewer than 1 in 1,000,000", "0.0001 %", "rarer than a site can know"),
    (0.00034, "1 in 2,900", "0.034 %", "1 in 2,941 is rounded to the more frequent"),
    (0.001, "1 in 1,000", "0.1 %", "not 1 in 999 by floating point"),
    (0.00103, "1 in 970", "0.11 %", "a little more than 1 in 1,000 is not said to be it"),
    (0.03, "1 in 33", "3 %", "33.3"),
    (0.05, "1 in 20", "5 %", "exactly"),
    (0.2, "1 in 5", "20 %", "exactly"),
    (0.22, "1 in 4", "22 %", "the next worse of 1 in N"),
    (0.35, "4 in 10", "35 %", "1 in 2 would be far worse than it is"),
    (0.5, "1 in 2", "50 %", "exactly"),
    (0.915, "92 in 100", "91.5 %", "near all, in hundredths"),
    (0.995, "more than 99 in 100", "99.5 %", "not all"),
]


@pytest.mark.parametrize(
    ("rate", "one_in", "percent"),
    [case[:3] for case in RATES],
    ids=[case[3] for case in RATES],
)
def test_an_error_rate_is_said_in_words_and_in_per_cent(rate, one_in, percent):
    assert words.one_in(rate) == one_in
    assert words.percent(rate) == percent


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.99999, "99.999 %"),
        (0.99519, "99.51 %"),
        (0.8749, "87 %"),
        (0.0296, "2.9 %"),
    ],
)
def test_a_share_of_which_more_is_better_is_rounded_down(share, said):
    assert words.percent(share, worse="lower") == said


@given(st.floats(min_value=1e-6, max_value=1.0))
def test_what_is_said_of_an_error_is_never_less_than_the_error(rate):
    assert _value_of(words.one_in(rate)) >= rate * (1 - 1e-8)
    assert _value_of(words.percent(rate)) >= rate * (1 - 1e-8)
    assert _value_of(words.one_in(rate, worse="lower")) <= rate * (1 + 1e-8)
    assert _value_of(words.percent(rate, worse="lower")) <= rate * (1 + 1e-8)


@given(st.floats(min_value=1e-5, max_value=0.5))
def test_what_is_said_stays_near_what_was_measured(rate):
    """A rounding that always said "all" would never promise too much either."""
    assert _value_of(words.one_in(rate)) <= rate * 1.5
    assert _value_of(words.percent(rate)) <= rate * 1.12


@pytest.mark.parametrize(
    ("rate", "said"),
    [(0.001, "1 in 1,000"), (1 / 1234, "1 in 1,234"), (0.0, "none"), (1.0, "all")],
)
def test_what_was_asked_for_is_said_as_it_was_asked(rate, said):
    assert words.asked_one_in(rate) == said


@pytest.mark.parametrize("rate", [-0.01, 1.01, float("nan")])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValueError, match="expected 0 to 1"):
        words.percent(rate)
    with pytest.raises(ValueError, match="expected 0 to 1"):
        words.one_in(rate)


def test_an_interval_is_rounded_outwards():
    said = words.with_interval(0.0251, 0.01299, 0.05311)
    assert said == "2.6 % (95 % sure: 1.2 % to 5.4 %)"
    said = words.one_in_with_interval(0.003, 0.00123, 0.0083)
    assert said == "1 in 330 (95 % sure: 1 in 820 to 1 in 120)"
    assert words.with_interval(None, 0.0, 1.0) == "not measured"


@pytest.mark.parametrize(
    ("trials", "said"),
    [
        (0, "not measured"),
        (1, "at most 95 in 100 (none in 1)"),
        (100, "at most 1 in 33 (none in 100)"),
        (1_000, "at most 1 in 330 (none in 1,000)"),
    ],
)
def test_nothing_in_so_many_is_said_by_the_rule_of_three(trials, said):
    assert words.not_seen(trials) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "none yet"),
        (0, 120, "none of 120"),
        (3, 120, "3 of 120 (2.5 %)"),
        (1234, 12_340, "1,234 of 12,340 (10 %)"),
    ],
)
def test_counts_say_of_how_many(part, whole, said):
    assert words.counted(part, whole) == said


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (None, "not measured"),
        (0.0, "no strangers"),
        (1.0, "all strangers"),
        (0.001, "1 in 1,000 strangers"),
    ],
)
def test_who_it_happens_to_can_be_said_with_it(rate, said):
    assert words.one_in_of(rate, "strangers") == said


def test_templates_say_the_same():
    template = engines["django"].from_string(
        "{% load rates %}{{ a|one_in }}; {{ a|percent }}; {{ b|percent:'lower' }}; "
        "{{ n|count }}; {{ n|not_seen }}; {{ none|percent }}"
    )
    said = template.render({"a": 0.001, "b": 0.9951, "n": 1000, "none": None})
    assert said == (
        "1 in 1,000; 0.1 %; 99.51 %; 1,000; at most 1 in 330 (none in 1,000); not measured"
    )


def _value_of(said: str) -> float:
    if said == "all" or said.startswith("more than"):
        return 1.0
    if said == "none":
        return 0.0
    if said.endswith(" %"):
        return float(said.removesuffix(" %")) / 100
    match = re.search(r"([\d,]+) in ([\d,]+)", said)
    assert match, said
    part, whole = (int(group.replace(",", "")) for group in match.groups())
    return part / whole
