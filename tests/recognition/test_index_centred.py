"""The centred index: plain vectors in, scores about the mean of everybody enrolled out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.contracts import EmbeddingSpace
from recognition.errors import IndexMismatch
from recognition.index import CentredIndex

DIMENSION = 16
SPACE = EmbeddingSpace("made", "0" * 64, DIMENSION, "none")
NO_PRIOR = np.zeros(DIMENSION, np.float32)


def crowd(count, *, seed=3, shared=2.0):
    """Unit vectors that have a direction in common, as the faces of one site do."""
    random = np.random.default_rng(seed)
    common = np.full(DIMENSION, shared / DIMENSION**0.5)
    vectors = random.normal(size=(count, DIMENSION)) * 0.5 + common
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def names(count):
    return [f"person-{number:04d}" for number in range(count)]


def oracle(templates, probe, prior):
    mean = (30 * prior.astype(np.float64) + templates.astype(np.float64).sum(0)) / (
        30 + len(templates)
    )
    rows, one = templates - mean, probe - mean
    return rows @ one / np.linalg.norm(rows, axis=1) / np.linalg.norm(one)


def test_scores_are_cosines_about_the_mean_of_the_prior_and_everybody_enrolled():
    people, prior = crowd(40), crowd(1, seed=9)[0] * np.float32(0.2)
    index = CentredIndex(SPACE, prior=prior)
    index.upsert(names(40), people)
    for probe in crowd(5, seed=4):
        (found,) = index.search(probe[None], k=40)
        wanted = oracle(people, probe, prior)
        order = np.argsort(-wanted)
        assert [c.person_id for c in found] == [names(40)[row] for row in order]
        np.testing.assert_allclose([c.score for c in found], wanted[order], atol=1e-5)


def test_what_a_crowd_has_in_common_no_longer_counts_as_likeness():
    people, strangers = crowd(300), crowd(50, seed=5)
    index = CentredIndex(SPACE, prior=NO_PRIOR)
    index.upsert(names(300), people)
    mean_score = np.mean([c.score for row in index.search(strangers, k=300) for c in row])
    assert float((people @ strangers.T).mean()) > 0.4, "made vectors without anything in common"
    assert abs(mean_score) < 0.1


@given(st.permutations(range(12)), st.integers(min_value=1, max_value=11))
def test_scores_depend_on_who_is_enrolled_and_not_on_how_it_came_to_be(order, kept):
    people, probe = crowd(12), crowd(1, seed=8)
    straight = CentredIndex(SPACE, prior=NO_PRIOR)
    straight.upsert(names(12)[:kept], people[:kept])
    winding = CentredIndex(SPACE, prior=NO_PRIOR)
    for row in order:
        winding.upsert([names(12)[row]], people[row][None])
        winding.search(probe, k=3)
    winding.remove(names(12)[kept:])
    assert winding.search(probe, k=12) == straight.search(probe, k=12)


def test_nobody_enrolled_means_no_candidates_and_one_person_is_found():
    index = CentredIndex(SPACE, prior=NO_PRIOR)
    probe = crowd(1)
    assert index.search(probe, k=3) == [()]
    index.upsert(["ada"], probe)
    (found,) = index.search(probe, k=3)
    assert [(c.person_id, round(c.score, 6)) for c in found] == [("ada", 1.0)]
    index.remove(["ada", "nobody"])
    assert (len(index), "ada" in index, index.search(probe, k=3)) == (0, False, [()])


def test_a_replaced_vector_is_the_one_that_is_found():
    index = CentredIndex(SPACE, prior=NO_PRIOR)
    people = crowd(3)
    index.upsert(["ada", "bob"], people[:2])
    index.search(people[:1], k=1)
    index.upsert(["ada"], people[2:])
    (found,) = index.search(people[2:], k=1)
    assert found[0].person_id == "ada"
    assert found[0].score == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("probe", [np.zeros((1, 4), np.float32), np.zeros((1, 16), np.float32)])
def test_vectors_of_another_shape_or_length_are_refused(probe):
    index = CentredIndex(SPACE, prior=NO_PRIOR)
    with pytest.raises(IndexMismatch):
        index.search(probe, k=1)
    with pytest.raises(IndexMismatch):
        index.upsert(["ada"], probe)
    assert len(index) == 0
