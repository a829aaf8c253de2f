"""Scores that changed for good, and those that only waver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.calibration import EvidenceRejected, detect_drift

START = np.datetime64("2026-09-01T08:00")


def days(count: int, *, each: int = 1) -> np.ndarray:
    return START + np.repeat(np.arange(count) * np.timedelta64(24, "h"), each)


def wavering(count: int, *, mean: float = 0.7, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.03, count)


def test_a_beard_is_seen_on_its_day():
    scores = np.concatenate([wavering(20), wavering(15, mean=0.58, seed=1)])
    drift = detect_drift(scores, times=days(35))
    assert drift.state == "fell"
    assert drift.since == np.datetime64("2026-09-21")
    assert drift.change == pytest.approx(-0.12, abs=0.02)
    assert drift.before == pytest.approx(scores[:20].mean())
    assert drift.after == pytest.approx(scores[20:].mean())
    assert drift.p == 1 / 1000


def test_a_new_photo_lifts_the_scores():
    scores = np.concatenate([wavering(10, mean=0.5), wavering(10, mean=0.7)])
    assert detect_drift(scores, times=days(20)).state == "rose"


@pytest.mark.parametrize(
    ("scores", "state", "why"),
    [
        ([0.7] * 30, "steady", "nothing changes"),
        ([0.70] * 15 + [0.67] * 15, "steady", "clear, but too little to matter"),
        ([0.7] * 7, "too_few", "a week is too short"),
        ([0.7] * 29 + [0.1], "steady", "one wild day"),
        ([0.7] * 12 + [0.1, 0.2] + [0.7] * 12, "steady", "two days of fog"),
    ],
)
def test_what_is_no_drift_is_not_called_one(scores, state, why):
    drift = detect_drift(scores, times=days(len(scores)))
    assert drift.state == state, why
    assert drift.since is None


def test_twenty_faces_of_one_bad_day_are_one_day():
    scores = np.concatenate([wavering(10), [0.4] * 20])
    times = np.concatenate([days(10), np.full(20, START + np.timedelta64(10, "D"))])
    drift = detect_drift(scores, times=times)
    assert drift.state == "steady"
    assert (drift.days, drift.faces) == (11, 30)


def test_false_alarms_are_as_rare_as_promised():
    alarms = sum(
        detect_drift(
            wavering(30, seed=seed), times=days(30), minimum_effect=0.0, alpha=0.05, seed=seed
        ).state
        != "steady"
        for seed in range(300)
    )
    assert 3 <= alarms <= 28  # 15 expected; beyond these limits one in a thousand such tests


@settings(max_examples=25, deadline=None)
@given(
    step=st.floats(-0.3, 0.3),
    order=st.integers(0, 1000),
    shift=st.integers(-500, 500),
)
def test_neither_order_nor_calendar_plays_a_part_and_mirrored_scores_are_mirrored(
    step, order, shift
):
    scores = wavering(24) + np.where(np.arange(24) < 12, 0, step)
    first = detect_drift(scores, times=days(24))
    mixed = np.random.default_rng(order).permutation(24)
    again = detect_drift(scores[mixed], times=days(24)[mixed] + np.timedelta64(shift, "D"))
    assert (again.state, again.p) == (first.state, first.p)
    assert again.change == pytest.approx(first.change)
    mirrored = detect_drift(1 - scores, times=days(24))
    assert mirrored.state == {"fell": "rose", "rose": "fell"}.get(first.state, first.state)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(EvidenceRejected):
        detect_drift([0.5, float("nan")], times=days(2))
    with pytest.raises(EvidenceRejected):
        detect_drift([0.5], times=days(2))
