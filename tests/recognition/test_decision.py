"""Open-set decisions: every kind, every reason, and the properties that must hold for any input."""

import dataclasses
import math

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from recognition.contracts import Candidate, Decision, FaceQuality
from recognition.decision import (
    ENROLMENT_FLOORS,
    PROBE_FLOORS,
    REASON_TEXT,
    DecisionPolicy,
    ReasonCode,
    decide,
    describe_issue,
    quality_issues,
)
from tests.recognition.fresh_process import modules_loaded_by

GOOD = FaceQuality(
    eye_distance_px=60,
    sharpness=400,
    brightness=0.5,
    contrast=0.2,
    yaw=0.05,
    visible_fraction=1.0,
    score=0.9,
)
POLICY = DecisionPolicy(0.45, grey_band=0.06, min_margin=0.04)


def judged(scores: dict[str, float], **changes: object) -> Decision:
    quality = dataclasses.replace(GOOD, **changes)
    candidates = [Candidate(person, score) for person, score in scores.items()]
    return decide(candidates, quality=quality, policy=POLICY)


CASES = {
    "well above": ({"ann": 0.7, "bob": 0.1}, "match", "above_threshold", "ann"),
    "exactly at the threshold": ({"ann": 0.45}, "match", "above_threshold", "ann"),
    "just below the threshold": ({"ann": 0.4499}, "uncertain", "grey_band", "ann"),
    "just inside the grey band": ({"ann": 0.3901}, "uncertain", "grey_band", "ann"),
    "below the grey band": ({"ann": 0.3899}, "unknown", "below_grey_band", None),
    "nobody enrolled": ({}, "unknown", "empty_gallery", None),
    "two people too close": ({"ann": 0.60, "bob": 0.57}, "uncertain", "too_close", "ann"),
    "a lead of the margin is enough": (
        {"ann": 0.75, "bob": 0.5},
        "match",
        "above_threshold",
        "ann",
    ),
    "grey comes before close": ({"ann": 0.44, "bob": 0.43}, "uncertain", "grey_band", "ann"),
    "nobody stands second": ({"ann": 0.46}, "match", "above_threshold", "ann"),
}


@pytest.mark.parametrize("name", CASES)
def test_decides(name: str) -> None:
    scores, kind, reason, person = CASES[name]
    decision = judged(scores)
    assert (decision.kind, decision.reason, decision.person_id) == (kind, reason, person)


def test_a_poor_face_is_never_named_however_similar() -> None:
    decision = judged({"ann": 0.99}, eye_distance_px=5.0)
    assert (decision.kind, decision.reason, decision.person_id) == ("poor", "too_small", None)
    assert decision.score == 0.99  # the ledger keeps what was measured


def test_two_entries_of_one_person_are_no_rivals() -> None:
    candidates = [Candidate("ann", 0.60), Candidate("ann", 0.59), Candidate("bob", 0.2)]
    decision = decide(candidates, quality=GOOD, policy=POLICY)
    assert decision.kind == "match"
    assert decision.margin == pytest.approx(0.4)
    assert [c.person_id for c in decision.candidates] == ["ann", "bob"]


def test_the_ledger_keeps_the_best_few_people() -> None:
    decision = judged({f"p{n}": 0.6 - n / 10 for n in range(8)})
    assert [c.person_id for c in decision.candidates] == ["p0", "p1", "p2", "p3", "p4"]
    assert (decision.threshold, decision.score) == (0.45, 0.6)
    assert decision.margin == pytest.approx(0.1)


SCORES = st.floats(-1, 1)
GALLERIES = st.dictionaries(st.sampled_from("abcdefgh"), SCORES, max_size=8)
QUALITIES = st.builds(
    FaceQuality,
    eye_distance_px=st.floats(0, 300),
    sharpness=st.floats(0, 3000),
    brightness=st.floats(0, 1),
    contrast=st.floats(0, 0.5),
    yaw=st.floats(-1, 1),
    visible_fraction=st.floats(0, 1),
    score=st.floats(0, 1),
)
RANKS = {"unknown": 0, "uncertain": 1, "match": 2}


@given(gallery=GALLERIES, quality=QUALITIES, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_plays_no_part(gallery, quality, shuffle) -> None:
    candidates = [Candidate(person, score) for person, score in gallery.items()]
    mixed = candidates.copy()
    shuffle.shuffle(mixed)
    assert decide(mixed, quality=quality, policy=POLICY) == decide(
        candidates, quality=quality, policy=POLICY
    )


@given(gallery=GALLERIES, quality=QUALITIES)
def test_only_match_and_uncertain_name_a_person(gallery, quality) -> None:
    candidates = [Candidate(person, score) for person, score in gallery.items()]
    decision = decide(candidates, quality=quality, policy=POLICY)
    assert (decision.person_id is not None) == (decision.kind in {"match", "uncertain"})
    if decision.person_id is not None:
        assert gallery[decision.person_id] == max(gallery.values())
    if decision.kind == "match":
        assert decision.score >= POLICY.threshold
        assert decision.margin is None or decision.margin >= POLICY.min_margin
    assert ReasonCode(decision.reason) in REASON_TEXT


@given(gallery=GALLERIES, gain=st.floats(0, 1))
def test_a_higher_score_of_the_best_never_lowers_the_decision(gallery, gain) -> None:
    assume(gallery)
    best = min(gallery, key=lambda person: (-gallery[person], person))
    raised = {**gallery, best: min(1.0, gallery[best] + gain)}
    assert RANKS[judged(raised).kind] >= RANKS[judged(gallery).kind]


@given(gallery=GALLERIES, loss=st.floats(0, 0.3))
def test_a_lower_threshold_never_lowers_the_decision(gallery, loss) -> None:
    candidates = [Candidate(person, score) for person, score in gallery.items()]
    lower = dataclasses.replace(POLICY, threshold=POLICY.threshold - loss)
    strict, lax = (decide(candidates, quality=GOOD, policy=p) for p in (POLICY, lower))
    if strict.reason != "too_close":
        assert RANKS[lax.kind] >= RANKS[strict.kind] or lax.reason == "too_close"


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="finite cosine"):
        judged({"ann": 0.9, "bob": score})


@pytest.mark.parametrize(
    "numbers",
    [{"threshold": math.nan}, {"threshold": 1.5}, {"threshold": 0.4, "grey_band": -0.1},
     {"threshold": 0.4, "min_margin": math.nan}],
)  # fmt: skip
def test_an_impossible_policy_is_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="is needed"):
        DecisionPolicy(**numbers)


ISSUES = {
    "too_small": ({"eye_distance_px": 20.6}, ["21 px", "24 px", "Come closer"]),
    "blurred": ({"sharpness": 6.9}, ["sharpness 7", "12", "Hold still"]),
    "too_dark": ({"brightness": 0.1}, ["10%", "15%", "light"]),
    "too_bright": ({"brightness": 0.9}, ["90%", "80%", "flash"]),
    "low_contrast": ({"contrast": 0.03}, ["3.0%", "6.0%", "contrast"]),
    "turned_away": ({"yaw": -0.99}, ["99%", "80%", "Look straight"]),
    "cut_off": ({"visible_fraction": 0.6}, ["60%", "80%", "middle"]),
}


@pytest.mark.parametrize("issue", ISSUES)
def test_each_quality_issue_is_found_alone_and_told_with_its_numbers(issue: str) -> None:
    changes, told = ISSUES[issue]
    quality = dataclasses.replace(GOOD, **changes)
    assert quality_issues(quality, ENROLMENT_FLOORS) == (issue,)
    assert quality_issues(quality, PROBE_FLOORS) == ()  # a probe may be worse than a template
    text = describe_issue(issue, quality, ENROLMENT_FLOORS)
    assert all(part in text for part in told), text
    assert ReasonCode(issue) in REASON_TEXT


def test_a_floor_itself_is_good_enough_and_nan_never_is() -> None:
    floors = ENROLMENT_FLOORS
    edge = FaceQuality(
        eye_distance_px=floors.min_eye_distance_px,
        sharpness=floors.min_sharpness,
        brightness=floors.max_brightness,
        contrast=floors.min_contrast,
        yaw=-floors.max_abs_yaw,
        visible_fraction=floors.min_visible_fraction,
        score=0.5,
    )
    assert quality_issues(edge, floors) == ()
    unmeasured = dataclasses.replace(GOOD, sharpness=math.nan, yaw=math.nan)
    assert quality_issues(unmeasured, floors) == ("blurred", "turned_away")


@given(quality=QUALITIES)
def test_enrolment_never_accepts_what_a_probe_may_not_be(quality: FaceQuality) -> None:
    assert set(quality_issues(quality, PROBE_FLOORS)) <= set(
        quality_issues(quality, ENROLMENT_FLOORS)
    )


def test_the_portal_may_import_the_rules_without_loading_the_engine() -> None:
    heavy = {"cv2", "torch", "openvino", "faiss", "av", "PIL"}
    assert modules_loaded_by("import recognition.decision", among=heavy) == []
