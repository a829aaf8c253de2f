"""Clustering: people who are apart come apart, whatever the order; scores agree with scikit-learn."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import adjusted_rand_score

from recognition.clustering import (
    METHODS,
    cluster_vectors,
    default_threshold,
    methods,
    pairwise_scores,
)
from recognition.clustering import chinese_whispers as whispers
from recognition.decision import threshold_for
from recognition.errors import IndexMismatch


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def made_people(sizes, *, seed=0, noise=0.05, width=64):
    """Vectors of people who are well apart, and whose each is, shuffled."""
    random = np.random.default_rng(seed)
    middles = unit(random.standard_normal((len(sizes), width)))
    truth = np.repeat(np.arange(len(sizes)), sizes)
    vectors = unit(middles[truth] + noise * random.standard_normal((len(truth), width)))
    order = random.permutation(len(truth))
    return vectors[order], truth[order]


@pytest.mark.parametrize("method", METHODS)
def test_people_who_are_apart_come_apart_at_the_default_threshold(method):
    vectors, truth = made_people([12, 9, 7, 7, 3, 2, 1, 1])
    found = cluster_vectors(vectors, method=method)
    assert adjusted_rand_score(truth, found.labels) == 1.0
    assert found.sizes.tolist() == [12, 9, 7, 7, 3, 2, 1, 1]
    assert found.threshold == default_threshold(42) == threshold_for(42)
    assert pairwise_scores(truth.astype(str).tolist(), found.labels).f_score == 1.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_faces_changes_nothing(method, seed):
    vectors, _ = made_people([8, 6, 5, 1])
    order = np.random.default_rng(seed).permutation(len(vectors))
    labels = cluster_vectors(vectors, method=method).labels
    again = cluster_vectors(vectors[order], method=method).labels
    assert adjusted_rand_score(labels[order], again) == 1.0


def test_the_largest_cluster_is_the_first_and_equals_follow_their_first_face():
    vectors, truth = made_people([2, 5, 2])
    found = cluster_vectors(vectors)
    assert found.members(0).tolist() == np.nonzero(truth == 1)[0].tolist()
    assert found.members(1)[0] < found.members(2)[0]


def chain(steps, degrees):
    """Faces on a line, each like its neighbours and unlike those farther on."""
    turns = np.radians(degrees) * np.arange(steps)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def test_a_chain_is_one_person_to_dbscan_and_not_to_the_others():
    faces = chain(8, 20)  # neighbours cos 20° = 0.94, the ends cos 140°
    assert len(cluster_vectors(faces, method="dbscan", threshold=0.9).sizes) == 1
    for method in ("agglomerative", "chinese-whispers"):
        assert len(cluster_vectors(faces, method=method, threshold=0.9).sizes) > 1


def test_dbscan_leaves_faces_alone_that_have_too_few_neighbours():
    vectors, truth = made_people([6, 2, 1])
    found = cluster_vectors(vectors, method="dbscan", threshold=0.5, min_samples=3)
    assert found.sizes.tolist() == [6, 1, 1, 1]
    assert set(found.members(0)) == set(np.nonzero(truth == 0)[0])


def test_one_weak_bridge_does_not_merge_two_people_in_chinese_whispers():
    vectors, truth = made_people([6, 6], noise=0.02)
    bridge = unit(vectors[truth == 0][:1] + vectors[truth == 1][:1])
    both = np.concatenate([vectors, bridge])
    assert len(cluster_vectors(both, method="dbscan", threshold=0.5).sizes) == 1
    found = cluster_vectors(both, method="chinese-whispers", threshold=0.5)
    assert sorted(found.sizes.tolist()) == [6, 7]


@pytest.mark.parametrize("seed", [0, 1])
def test_chinese_whispers_repeats_itself_for_a_seed(seed):
    faces = unit(np.random.default_rng(5).standard_normal((120, 4)))
    first, again = (cluster_vectors(faces, threshold=0.8, seed=seed).labels for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_the_graph_is_the_same_in_blocks(monkeypatch):
    faces = unit(np.random.default_rng(6).standard_normal((90, 4)))
    whole = cluster_vectors(faces, threshold=0.8).labels
    monkeypatch.setattr(whispers, "_BLOCK_ROWS", 11)
    np.testing.assert_array_equal(cluster_vectors(faces, threshold=0.8).labels, whole)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_a_single_face_are_no_special_case(method, count):
    vectors, _ = made_people([1])
    assert cluster_vectors(vectors[:count], method=method).sizes.tolist() == [1] * count


@pytest.mark.parametrize("method", METHODS)
def test_copies_of_one_picture_are_one_person(method):
    vectors, _ = made_people([1, 1])
    found = cluster_vectors(np.repeat(vectors, 3, axis=0), method=method)
    assert found.sizes.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"threshold": 1.0}, "between 0 and 1"),
        ({"threshold": float("nan")}, "between 0 and 1"),
        ({"min_samples": 0}, "1 or more"),
        ({"iterations": 0}, "1 or more"),
        ({"method": "k-means"}, "expected one of dbscan"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, told):
    vectors, _ = made_people([2])
    with pytest.raises(ValueError, match=told):
        cluster_vectors(vectors, **settings)


@pytest.mark.parametrize("spoil", [lambda v: v * 2, lambda v: v * np.nan, lambda v: v[0]])
def test_vectors_that_are_not_unit_rows_are_refused(spoil):
    vectors, _ = made_people([3])
    with pytest.raises(IndexMismatch, match="unit rows are expected"):
        cluster_vectors(spoil(vectors))


def test_more_faces_than_memory_holds_are_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr(methods, "_MAX_AGGLOMERATIVE", 5)
    vectors, _ = made_people([6])
    with pytest.raises(ValueError, match="Use chinese-whispers"):
        cluster_vectors(vectors, method="agglomerative")


LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30)


@given(rows=LABELS)
def test_scores_agree_with_scikit_learn_and_with_counting_pairs(rows):
    truth, labels = [str(a) for a, _ in rows], np.array([b for _, b in rows], dtype=np.int64)
    scores = pairwise_scores(truth, labels)
    pairs = [(a, b) for a in range(len(rows)) for b in range(a)]
    joined = {(a, b) for a, b in pairs if labels[a] == labels[b]}
    belong = {(a, b) for a, b in pairs if truth[a] == truth[b]}
    right = len(joined & belong)
    assert scores.precision == (right / len(joined) if joined else 1.0)
    assert scores.recall == (right / len(belong) if belong else 1.0)
    both = len(joined) + len(belong)
    assert scores.f_score == pytest.approx(2 * right / both if both else 1.0)
    if rows:
        assert scores.adjusted_rand == pytest.approx(adjusted_rand_score(truth, labels))


def test_scores_need_a_name_for_each_face():
    with pytest.raises(ValueError, match="one for each"):
        pairwise_scores(["ann"], np.array([0, 1]))
