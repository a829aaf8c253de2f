"""The index that may miss: how often, and what it never does. And which index for how many."""

import numpy as np
import pytest

from recognition.contracts import EmbeddingSpace
from recognition.index import ApproximateIndex, FlatIndex, choose_index

WIDE = EmbeddingSpace("test", "0" * 64, 128, "v1")


def unit(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def made(count: int, *, seed: int = 3) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, 128)))


def test_the_approximate_index_finds_nearly_everybody_and_scores_exactly() -> None:
    gallery = made(12_000)
    index = ApproximateIndex(WIDE, trained_from=10_000)
    index.upsert([str(n) for n in range(9_000)], gallery[:9_000])
    assert index.is_exact
    index.upsert([str(n) for n in range(9_000, 12_000)], gallery[9_000:])
    assert not index.is_exact
    # cosine 0.6 to their own vector, as another photo of somebody has; strangers reach 0.4
    probes = unit(0.6 * gallery[:300] + 0.8 * made(300, seed=9))
    best = [row[0] for row in index.search(probes, k=5)]
    scores = probes @ gallery.T
    assert np.mean([int(c.person_id) == n for n, c in enumerate(best)]) > 0.99
    assert [c.score for c in best] == pytest.approx(
        [scores[n, int(c.person_id)] for n, c in enumerate(best)], abs=1e-6
    )


def test_the_approximate_index_follows_removals_and_replacements() -> None:
    gallery = made(3000)
    index = ApproximateIndex(WIDE, trained_from=1000, reach=32)
    index.upsert([str(n) for n in range(3000)], gallery)
    for turn in range(20):  # the same hundred people over and over: their old codes must not win
        index.upsert([str(n) for n in range(100)], made(100, seed=100 + turn))
    latest = made(100, seed=119)
    assert [row[0].person_id for row in index.search(latest, k=1)] == [str(n) for n in range(100)]
    index.remove([str(n) for n in range(100, 2500)])
    assert (len(index), index.is_exact) == (600, True)
    assert {c.person_id for row in index.search(gallery[100:2500:50], k=5) for c in row} <= {
        str(n) for n in (*range(100), *range(2500, 3000))
    }


def test_every_change_of_a_trained_index_answers_like_the_exact_one() -> None:
    # it reaches all it holds, so that a difference is an error of bookkeeping, never a miss
    random = np.random.default_rng(11)
    pool = made(40)
    exact, index = FlatIndex(WIDE), ApproximateIndex(WIDE, trained_from=20, reach=10_000)
    trained = 0
    for _ in range(150):
        ids = [f"p{n:02d}" for n in random.integers(0, 60, random.integers(1, 25))]
        if random.random() < 0.55:
            vectors = pool[random.integers(0, 40, len(ids))]
            exact.upsert(ids, vectors)
            index.upsert(ids, vectors)
        else:
            exact.remove(ids)
            index.remove(ids)
        trained += not index.is_exact
        assert index.search(pool[:5], k=7) == exact.search(pool[:5], k=7)
    assert 50 < trained < 150  # it went there and back


def test_the_index_is_exact_until_a_million() -> None:
    assert isinstance(choose_index(WIDE, expected_size=0), FlatIndex)
    assert isinstance(choose_index(WIDE, expected_size=1_000_000), FlatIndex)
    assert isinstance(choose_index(WIDE, expected_size=1_000_001), ApproximateIndex)
    with pytest.raises(ValueError, match="-1"):
        choose_index(WIDE, expected_size=-1)


def test_too_few_vectors_to_train_from_are_refused() -> None:
    with pytest.raises(ValueError, match="16 or more"):
        ApproximateIndex(WIDE, trained_from=15)
