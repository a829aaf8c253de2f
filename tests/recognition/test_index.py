"""The flat index against a brute-force reference, through arbitrary histories of changes."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from recognition.contracts import EmbeddingSpace, VectorIndex
from recognition.errors import IndexMismatch
from recognition.index import FlatIndex

SPACE = EmbeddingSpace("test", "0" * 64, 8, "v1")


def unit(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# Few distinct vectors, so that ties and replacements are common.
POOL = unit(np.random.default_rng(7).normal(size=(6, 8)))
IDS = st.sampled_from([f"p{n}" for n in range(9)])
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(st.tuples(IDS, st.integers(0, 5)), max_size=6)),
        st.tuples(st.just("remove"), st.lists(IDS, max_size=4)),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(changes=CHANGES, k=st.integers(1, 12))
def test_every_history_answers_like_brute_force(changes: list, k: int) -> None:
    index = FlatIndex(SPACE)
    truth: dict[str, np.ndarray] = {}
    for action, items in changes:
        if action == "upsert":
            index.upsert([p for p, _ in items], POOL[[row for _, row in items]].reshape(-1, 8))
            truth.update({p: POOL[row] for p, row in items})
        else:
            index.remove(items)
            for person in items:
                truth.pop(person, None)
    assert len(index) == len(truth)
    for probe, found in zip(POOL, index.search(POOL, k=k), strict=True):
        scored = [
            (float((v.astype(np.float64) * probe).sum().clip(-1, 1)), p) for p, v in truth.items()
        ]
        expected = sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:k]
        assert [c.person_id for c in found] == [p for _, p in expected]
        assert [c.score for c in found] == pytest.approx([s for s, _ in expected], abs=1e-12)


def test_ties_at_the_edge_of_k_keep_the_lowest_ids() -> None:
    index = FlatIndex(SPACE)
    index.upsert([f"p{n:03d}" for n in reversed(range(200))], np.repeat(POOL[:1], 200, axis=0))
    for probes in (1, 50):  # FAISS takes another kernel for larger batches
        for found in index.search(np.repeat(POOL[:1], probes, axis=0), k=3):
            assert [c.person_id for c in found] == ["p000", "p001", "p002"]
            assert found[0].score == found[2].score


def test_a_large_random_gallery_agrees_with_numpy() -> None:
    random = np.random.default_rng(3)
    space = EmbeddingSpace("test", "0" * 64, 128, "v1")
    gallery, probes = unit(random.normal(size=(3000, 128))), unit(random.normal(size=(40, 128)))
    index = FlatIndex(space)
    index.upsert([str(n) for n in range(3000)], gallery)
    best = np.argsort(-(probes @ gallery.T), axis=1)[:, :5]
    found = index.search(probes, k=5)
    assert [[int(c.person_id) for c in row] for row in found] == best.tolist()


def test_an_empty_index_and_an_empty_batch_answer_with_nothing() -> None:
    index = FlatIndex(SPACE)
    assert index.search(POOL[:2], k=5) == [(), ()]
    index.upsert([], np.empty((0, 8), np.float32))
    index.upsert(["a"], POOL[:1])
    assert index.search(np.empty((0, 8), np.float32), k=5) == []
    index.remove(["a", "never there"])
    assert (len(index), "a" in index) == (0, False)


WRONG = {
    "float64": (POOL.astype(np.float64)[:1], "float64"),
    "a list": ([[1.0] + [0.0] * 7], "list"),
    "one row without its axis": (POOL[0], r"shape \(8,\)"),
    "another dimension": (np.eye(1, 9, dtype=np.float32), r"shape \(1, 9\)"),
    "NaN": (np.full((1, 8), np.nan, np.float32), "NaN"),
    "not of unit length": (POOL[:1] * 1.01, r"length 1\.0100"),
    "zero": (np.zeros((1, 8), np.float32), r"length 0\.0000"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_vectors_are_refused_and_change_nothing(name: str) -> None:
    vectors, told = WRONG[name]
    index = FlatIndex(SPACE)
    index.upsert(["kept"], POOL[:1])
    with pytest.raises(IndexMismatch, match=told):
        index.upsert(["kept"], vectors)
    with pytest.raises(IndexMismatch, match=told):
        index.search(vectors, k=1)
    assert index.search(POOL[:1], k=1)[0][0].score == pytest.approx(1.0)


def test_ids_and_vectors_must_be_as_many() -> None:
    with pytest.raises(IndexMismatch, match="2 ids came with 1 vectors"):
        FlatIndex(SPACE).upsert(["a", "b"], POOL[:1])


def test_asking_for_nobody_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="k is 0"):
        FlatIndex(SPACE).search(POOL[:1], k=0)


def test_it_fulfils_the_contract_and_keeps_its_space() -> None:
    index: VectorIndex = FlatIndex(SPACE)
    assert index.space == SPACE
