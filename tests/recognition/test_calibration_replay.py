"""The ledger decided again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.calibration import StoredDecision, replay, summarise
from recognition.contracts import Candidate, FaceQuality
from recognition.decision import DecisionPolicy, decide

GOOD = FaceQuality(60.0, 100.0, 0.5, 0.2, 0.0, 1.0, 0.9)
DARK = replace(GOOD, brightness=0.0)
POLICY = DecisionPolicy(threshold=0.5)
scores = st.integers(20, 100).map(lambda n: n / 100)


def stored(*given_scores: float, policy=POLICY, quality=GOOD, key=0) -> StoredDecision:
    """A row as the live path writes it."""
    met = [Candidate(f"p{place}", score) for place, score in enumerate(given_scores)]
    made = decide(met, quality=quality, policy=policy)
    return StoredDecision(key, made.kind, made.person_id, made.candidates, quality)


@pytest.mark.parametrize(
    ("row", "policy", "change", "kind", "why"),
    [
        (stored(0.52, 0.2), replace(POLICY, threshold=0.6), "disappears", "unknown", "stricter"),
        (stored(0.47, 0.2), replace(POLICY, threshold=0.4), "appears", "match", "more lenient"),
        (stored(0.47, 0.2), POLICY, "unchanged", "uncertain", "a suggestion is no name"),
        (stored(0.47, 0.2), replace(POLICY, grey_band=0.0), "unchanged", "unknown", "no band"),
        (stored(0.7, 0.68), replace(POLICY, min_margin=0.01), "appears", "match", "less margin"),
        (stored(0.9, 0.2, quality=DARK), replace(POLICY, threshold=0.1), "unchanged", "poor", "poor stays poor"),
        (stored(), POLICY, "unchanged", "unknown", "nobody was enrolled"),
        (
            StoredDecision(0, "match", "p9", (Candidate("p0", 0.8),), GOOD),
            POLICY, "changes", "match", "a name that the candidates do not bear out",
        ),
        (
            StoredDecision(0, "spoof", None, (Candidate("p0", 0.9),), GOOD),
            POLICY, "unchanged", "spoof", "no threshold makes a photo alive",
        ),
    ],
)  # fmt: skip
def test_each_row_changes_as_it_should(row, policy, change, kind, why):
    (found,) = replay([row], policy=policy)
    assert (found.change, found.decision.kind) == (change, kind), why


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(scores, max_size=5), max_size=20),
    threshold=scores,
    margin=st.sampled_from([0.0, 0.05, 0.1]),
)
def test_the_replay_is_the_live_decision_bit_for_bit(rows, threshold, margin):
    policy = DecisionPolicy(threshold, min_margin=margin)
    for given_scores, found in zip(
        rows, replay([stored(*each) for each in rows], policy=policy), strict=True
    ):
        live = stored(*given_scores, policy=policy)
        assert found.decision.kind == live.kind
        assert found.decision.person_id == live.person_id
        assert found.decision.candidates == live.candidates


@settings(deadline=None)
@given(rows=st.lists(st.lists(scores, max_size=5), max_size=20))
def test_under_the_policy_in_force_nothing_changes(rows):
    found = summarise(replay([stored(*each) for each in rows], policy=POLICY))
    assert found.changes == {"appears": 0, "disappears": 0, "changes": 0, "unchanged": len(rows)}
    assert all(before == after for before, after in found.kinds)


@settings(deadline=None)
@given(rows=st.lists(st.lists(scores, max_size=5), max_size=20), low=scores, high=scores)
def test_a_stricter_threshold_only_takes_names_away(rows, low, high):
    low, high = sorted((low, high))
    before = [stored(*each, policy=replace(POLICY, threshold=low)) for each in rows]
    found = summarise(replay(before, policy=replace(POLICY, threshold=high)))
    assert found.changes["appears"] == found.changes["changes"] == 0


def test_a_camera_may_have_a_policy_of_its_own():
    rows = [stored(0.55, 0.1, key="door"), stored(0.55, 0.1, key="yard")]
    strict = replace(POLICY, threshold=0.6)
    found = list(replay(rows, policy=lambda row: strict if row.key == "yard" else POLICY))
    assert [each.change for each in found] == ["unchanged", "disappears"]
    assert [each.is_regraded for each in found] == [False, True]
