"""1:1, 1:N and N:N: verdicts, profiles, matrices, and thresholds read backwards."""

import dataclasses
import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from recognition.contracts import EmbeddingSpace, FaceQuality
from recognition.decision import ENROLMENT_FLOORS, PROBE_FLOORS, DecisionPolicy
from recognition.decision.comparison import (
    PROFILES,
    cosine_matrix,
    distance_matrix,
    false_match_rate,
    identify,
    verify,
)
from recognition.decision.prior import IMPOSTOR_CURVE, threshold_for, verification_threshold
from recognition.index import FlatIndex, PersonGallery
from tests.recognition.fresh_process import modules_loaded_by

GOOD = FaceQuality(60.0, 400.0, 0.5, 0.2, 0.05, 1.0, 0.9)
DISTANT = dataclasses.replace(GOOD, eye_distance_px=15.0)
SPACE = EmbeddingSpace("made", "0" * 64, 16, "none")


def unit_rows(count, seed=0, width=16):
    rows = np.random.default_rng(seed).standard_normal((count, width))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@given(exponent=st.floats(-5.99, -1.01))
def test_the_rate_of_a_threshold_is_the_one_it_was_made_for(exponent):
    rate = false_match_rate(threshold_for(1, fpir=10**exponent))
    assert rate.bound == "is"
    assert rate.value == pytest.approx(10**exponent, rel=1e-6)


@pytest.mark.parametrize(
    ("threshold", "bound", "value"),
    [
        (0.0, "at_least", IMPOSTOR_CURVE[0][0]),  # the curve begins higher
        (IMPOSTOR_CURVE[0][1], "is", IMPOSTOR_CURVE[0][0]),
        (IMPOSTOR_CURVE[-1][1], "is", IMPOSTOR_CURVE[-1][0]),
        (0.99, "at_most", IMPOSTOR_CURVE[-1][0]),  # and ends lower
    ],
)
def test_where_the_curve_ends_only_a_bound_is_claimed(threshold, bound, value):
    rate = false_match_rate(threshold)
    assert rate.bound == bound
    assert rate.value == pytest.approx(value)
    assert str(rate).startswith({"is": "1", "at_least": "at least", "at_most": "at most"}[bound])


def test_a_threshold_that_is_no_number_has_no_rate():
    with pytest.raises(ValueError, match="NaN"):
        false_match_rate(math.nan)


VERDICTS = {
    "well above": (0.8, GOOD, "cooperative", "same"),
    "exactly at the threshold": (verification_threshold(1e-4), GOOD, "cooperative", "same"),
    "below": (0.38, GOOD, "cooperative", "different"),
    "enough where people cooperate": (0.42, GOOD, "cooperative", "same"),
    "not enough where they do not": (0.42, GOOD, "non-cooperative", "different"),
    "who cooperates can come closer": (0.8, DISTANT, "cooperative", "poor"),
    "a passer-by cannot": (0.8, DISTANT, "non-cooperative", "same"),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts_of_one_to_one(name):
    cosine, quality, profile, expected = VERDICTS[name]
    found = verify(cosine, qualities=(GOOD, quality), profile=PROFILES[profile])
    assert found.verdict == expected
    assert found.distance == pytest.approx(math.sqrt(2 - 2 * cosine))
    assert found.issues == (("too_small",) if expected == "poor" else ())


def test_a_threshold_that_is_given_replaces_the_profiles():
    found = verify(0.5, qualities=(), profile=PROFILES["cooperative"], threshold=0.6)
    assert (found.verdict, found.threshold) == ("different", 0.6)


@pytest.mark.parametrize("cosine", [math.nan, math.inf])
def test_a_cosine_that_is_no_number_is_refused(cosine):
    with pytest.raises(ValueError, match="finite"):
        verify(cosine, qualities=(), profile=PROFILES["cooperative"])


def test_the_profiles_differ_in_the_direction_of_their_names():
    cooperative, passing = PROFILES["cooperative"], PROFILES["non-cooperative"]
    assert passing.verification_threshold() > cooperative.verification_threshold()
    assert passing.identification_threshold(100) > cooperative.identification_threshold(100)
    assert (cooperative.probe_floors, passing.probe_floors) == (ENROLMENT_FLOORS, PROBE_FLOORS)
    assert {p.enrolment_floors for p in PROFILES.values()} == {ENROLMENT_FLOORS}
    assert cooperative.identification_threshold(1000) > cooperative.identification_threshold(10)


def test_matrices_are_symmetric_and_everyone_is_like_themselves():
    vectors = unit_rows(40)
    cosines, distances = cosine_matrix(vectors), distance_matrix(vectors)
    np.testing.assert_array_equal(cosines, cosines.T)
    np.testing.assert_array_equal(distances, distances.T)
    np.testing.assert_array_equal(np.diag(cosines), 1.0)
    np.testing.assert_array_equal(np.diag(distances), 0.0)
    exact = vectors.astype(np.float64)
    expected = np.linalg.norm(exact[:, None] - exact[None], axis=2)
    np.testing.assert_allclose(distances, expected, atol=1e-6)


def test_the_same_vector_twice_is_no_nan():
    twice = np.repeat(unit_rows(1), 2, axis=0)
    assert distance_matrix(twice)[0, 1] == pytest.approx(0.0, abs=1e-3)


def test_many_photos_of_one_person_are_no_rivals_and_hide_nobody():
    base = unit_rows(3, seed=1)
    index = PersonGallery(SPACE, mode="best_of")
    index.upsert(["ann"] * 30 + ["bob", "cid"], np.concatenate([base[[0] * 30], base[1:]]))
    (decision,) = identify(index, base[:1], qualities=[GOOD], policy=DecisionPolicy(0.5), top_k=2)
    assert (decision.kind, decision.person_id) == ("match", "ann")
    assert len(decision.candidates) == 2
    assert decision.margin == pytest.approx(1 - max(base[0] @ base[1], base[0] @ base[2]), abs=1e-6)


def test_a_margin_is_known_even_where_one_candidate_is_asked_for():
    base = unit_rows(1)
    index = FlatIndex(SPACE)
    index.upsert(["ann", "bob"], base[[0, 0]])
    (decision,) = identify(index, base, qualities=[GOOD], policy=DecisionPolicy(0.5), top_k=1)
    assert (decision.reason, len(decision.candidates)) == ("too_close", 1)


def test_one_to_many_answers_each_probe_by_its_own_vector_and_quality():
    base = unit_rows(4, seed=2)
    index = FlatIndex(SPACE)
    index.upsert(["ann", "bob"], base[:2])
    dark = dataclasses.replace(GOOD, brightness=0.0)
    decisions = identify(
        index, base, qualities=[GOOD, dark, GOOD, GOOD], policy=DecisionPolicy(0.9)
    )
    assert [d.kind for d in decisions] == ["match", "poor", "unknown", "unknown"]
    assert [d.person_id for d in decisions] == ["ann", None, None, None]


def test_an_empty_gallery_knows_nobody():
    (decision,) = identify(
        FlatIndex(SPACE), unit_rows(1), qualities=[GOOD], policy=DecisionPolicy(0.5)
    )
    assert (decision.kind, decision.reason) == ("unknown", "empty_gallery")


def test_each_vector_needs_its_quality():
    with pytest.raises(ValueError, match="one for each"):
        identify(FlatIndex(SPACE), unit_rows(2), qualities=[GOOD], policy=DecisionPolicy(0.5))


def test_the_rules_load_nothing_heavy():
    code = "import recognition.decision.comparison, recognition.decision.intra_class"
    heavy = {"cv2", "torch", "openvino", "faiss", "sklearn", "scipy", "PIL"}
    assert modules_loaded_by(code, among=heavy) == []
