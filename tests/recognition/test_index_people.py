"""Galleries of people with several templates: fused or the best of them, each person once."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from recognition.contracts import EmbeddingSpace
from recognition.errors import IndexMismatch
from recognition.index import FlatIndex, PersonGallery, fuse_templates

SPACE = EmbeddingSpace("test", "0" * 64, 8, "v1")
OTHER = EmbeddingSpace("test", "1" * 64, 8, "v1")


def unit(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# In one half of the space, so that no mean of them is zero.
POOL = unit(np.abs(np.random.default_rng(7).normal(size=(6, 8))))
PEOPLE = st.sampled_from(["a", "a!", "b", "c", "d"])  # "a!" sorts between "a" and its templates
ROWS = st.lists(st.integers(0, 5), min_size=1, max_size=4)
HISTORY = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.dictionaries(PEOPLE, ROWS, max_size=3)),
        st.tuples(st.just("remove"), st.lists(PEOPLE, max_size=2)),
    ),
    max_size=8,
)


def scores_of(templates: np.ndarray, probe: np.ndarray, mode: str) -> float:
    rows = fuse_templates(templates)[None] if mode == "fused" else templates
    return float((rows.astype(np.float64) * probe).sum(axis=1).max().clip(-1, 1))


@pytest.mark.parametrize("mode", ["fused", "best_of"])
@settings(max_examples=60, deadline=None)
@given(history=HISTORY, k=st.integers(1, 6))
def test_every_history_answers_like_brute_force(mode: str, history: list, k: int) -> None:
    gallery = PersonGallery(SPACE, mode=mode)
    truth: dict[str, np.ndarray] = {}
    for action, what in history:
        if action == "remove":
            gallery.remove(what)
            for person in what:
                truth.pop(person, None)
            continue
        ids = [person for person, rows in what.items() for _ in rows]
        gallery.upsert(ids, POOL[[row for rows in what.values() for row in rows]].reshape(-1, 8))
        truth.update({person: POOL[rows] for person, rows in what.items()})
    assert (len(gallery), {p for p in truth if p in gallery}) == (len(truth), set(truth))
    for probe, found in zip(POOL, gallery.search(POOL, k=k), strict=True):
        scored = [(p, scores_of(rows, probe, mode)) for p, rows in truth.items()]
        expected = sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]
        assert [c.person_id for c in found] == [p for p, _ in expected]
        assert [c.score for c in found] == pytest.approx([s for _, s in expected], abs=1e-6)


def test_somebody_with_many_templates_does_not_push_out_the_others() -> None:
    gallery = PersonGallery(SPACE, mode="best_of")
    gallery.upsert(["many"] * 40, np.repeat(POOL[:1], 40, axis=0))
    gallery.upsert(["few", "other"], POOL[1:3])
    (found,) = gallery.search(POOL[:1], k=3)
    assert found[0].person_id == "many"
    assert {c.person_id for c in found} == {"many", "few", "other"}


def test_templates_of_one_person_may_come_in_any_order() -> None:
    gallery = PersonGallery(SPACE, mode="best_of")
    gallery.upsert(["a", "b", "a"], POOL[:3])
    assert [row[0].person_id for row in gallery.search(POOL[:3], k=1)] == ["a", "b", "a"]


def test_templates_that_cancel_each_other_out_change_nothing() -> None:
    gallery = PersonGallery(SPACE)
    gallery.upsert(["a"], POOL[:1])
    with pytest.raises(IndexMismatch, match="contradict"):
        gallery.upsert(["b", "a", "a"], np.stack([POOL[1], POOL[2], -POOL[2]]))
    assert (len(gallery), gallery.search(POOL[:1], k=1)[0][0].person_id) == (1, "a")


def test_a_gallery_starts_empty_and_in_its_own_space() -> None:
    with pytest.raises(IndexMismatch, match=OTHER.id):
        PersonGallery(SPACE, index=FlatIndex(OTHER))
    filled = FlatIndex(SPACE)
    filled.upsert(["a"], POOL[:1])
    with pytest.raises(IndexMismatch, match="1 vectors"):
        PersonGallery(SPACE, index=filled)
