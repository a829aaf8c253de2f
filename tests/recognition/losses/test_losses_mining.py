"""Every mining rule selects exactly what its definition, written as plain loops, selects."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from recognition.losses.mining import MINING_RULES, balanced_pairs, mine, squared_distances


def made(seed, *, people=6, photos=5, dimension=3):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(rng.integers(people, size=people * photos))
    vectors = (
        rng.normal(size=(len(labels), dimension)) + rng.normal(size=(people, dimension))[labels]
    )
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


def drawn(d, labels, margin, rng, is_candidate):
    """facenet's select_triplets, loop by loop, with one uniform draw a pair."""
    found = []
    n = len(labels)
    for a in range(n):
        if (labels == labels[a]).all():
            continue
        for p in range(a + 1, n):
            if labels[p] != labels[a]:
                continue
            draw = rng.random()
            fit = [m for m in range(n) if labels[m] != labels[a] and is_candidate(d[a, p], d[a, m])]
            if fit:
                found.append((a, p, fit[int(draw * len(fit))]))
    return found


def brute_force(rule, d, labels, margin, rng):
    n = len(labels)
    if rule == "vgg_random":
        return drawn(d, labels, margin, rng, lambda ap, an: an - ap < margin)
    if rule == "semi_hard":
        return drawn(d, labels, margin, rng, lambda ap, an: ap < an and an - ap < margin)
    found = []
    for a in range(n):
        positives = [p for p in range(n) if p != a and labels[p] == labels[a]]
        negatives = [m for m in range(n) if labels[m] != labels[a]]
        if not positives or not negatives:
            continue
        if rule == "batch_hard":
            found.append(
                (a, max(positives, key=lambda p: d[a, p]), min(negatives, key=lambda m: d[a, m]))
            )
            continue
        for p in positives:
            fit = [m for m in negatives if d[a, p] < d[a, m] and d[a, m] - d[a, p] < margin]
            if fit:
                found.append((a, p, min(fit, key=lambda m: d[a, m])))
    return found


@pytest.mark.parametrize("rule", MINING_RULES)
@given(seed=st.integers(0, 10_000), margin=st.sampled_from([0.0, 0.2, 1.0]))
@settings(max_examples=25)
def test_a_rule_selects_what_brute_force_selects(rule, seed, margin):
    vectors, labels = made(seed)
    found = mine(
        rule, vectors=vectors, labels=labels, margin=margin, rng=np.random.default_rng(seed)
    )
    expected = brute_force(
        rule, squared_distances(vectors), labels, margin, np.random.default_rng(seed)
    )
    assert [tuple(row) for row in found.tolist()] == expected


@pytest.mark.parametrize("rule", MINING_RULES)
def test_equal_distances_are_decided_by_the_rows_order(rule):
    """Whole numbers, so that ties are ties."""
    rng = np.random.default_rng(5)
    d = rng.integers(1, 4, (20, 20)).astype(float)
    d = d + d.T
    labels = rng.integers(4, size=20)
    found = MINING_RULES[rule](d, labels, 2.0, np.random.default_rng(1))
    assert [tuple(row) for row in found.tolist()] == brute_force(
        rule, d, labels, 2.0, np.random.default_rng(1)
    )


@pytest.mark.parametrize("rule", MINING_RULES)
@pytest.mark.parametrize(
    ("labels", "reason"),
    [([0, 1, 2, 3], "one picture a person"), ([1, 1, 1, 1], "one person alone"), ([], "nothing")],
)
def test_without_positives_or_negatives_there_is_no_triplet(rule, labels, reason):
    vectors = np.eye(4, dtype=np.float32)[: len(labels)]
    found = mine(
        rule, vectors=vectors, labels=np.array(labels, dtype=np.int64), rng=np.random.default_rng(0)
    )
    assert found.shape == (0, 3), reason


def test_every_active_negative_is_equally_likely():
    """2,000 draws over four candidates: within five standard deviations of 500 each."""
    d = np.array([[0.0, 1.0, 1.05, 1.1, 1.15, 1.19, 3.0]] * 7)
    labels = np.array([0, 0, 1, 2, 3, 4, 5])
    rng = np.random.default_rng(8)
    negatives = [MINING_RULES["vgg_random"](d, labels, 0.2, rng)[0, 2] for _ in range(2000)]
    counts = np.bincount(negatives, minlength=7)
    assert counts[[0, 1, 6]].sum() == 0
    assert (abs(counts[2:6] - 500) < 5 * np.sqrt(2000 * 0.25 * 0.75)).all()


def test_distances_are_those_of_the_definition_and_never_negative():
    vectors, _ = made(1)
    rows = vectors.astype(np.float64)
    expected = ((rows[:, None] - rows[None]) ** 2).sum(2)
    found = squared_distances(vectors)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.min() >= 0.0


def test_pairs_are_all_of_one_person_and_as_many_of_two_without_repetition():
    _, labels = made(3)
    pairs, is_same = balanced_pairs(labels, rng=np.random.default_rng(0))
    sizes = np.bincount(labels)
    assert is_same.sum() == (sizes * (sizes - 1) // 2).sum()
    assert (~is_same).sum() == is_same.sum()
    assert len({tuple(row) for row in pairs.tolist()}) == len(pairs)
    assert ((labels[pairs[:, 0]] == labels[pairs[:, 1]]) == is_same).all()


def test_one_photo_of_each_of_two_gives_no_pair_at_all():
    pairs, is_same = balanced_pairs(np.array([0, 1]), rng=np.random.default_rng(0))
    assert pairs.shape == (0, 2)
    assert is_same.shape == (0,)
