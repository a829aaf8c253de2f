"""Evidence from vectors, beside a live index that people are taken out of one by one."""

from __future__ import annotations

import numpy as np
import pytest

from recognition.calibration import (
    EvidenceRejected,
    Gallery,
    Labelled,
    build_evidence,
    ceilings,
    confusable_bar,
    confusable_pairs,
    leave_one_out,
    search_enrolled,
    search_strangers,
)
from recognition.contracts import EmbeddingSpace
from recognition.decision import DecisionPolicy
from recognition.geometry.centring import centred
from recognition.index import CentredIndex, fuse_templates

SPACE = EmbeddingSpace("made", "0" * 64, 32, "1")
COMMON = np.full(32, 0.05, np.float32)  # what all faces share


def faces(people: int, *, each: int = 1, seed: int = 0, noise: float = 0.5) -> np.ndarray:
    """``(people * each, 32)`` unit rows, one person's in a row."""
    random = np.random.default_rng(seed)
    own = random.normal(size=(people, 32)) / 32**0.5 + 0.15
    rows = np.repeat(own, each, axis=0) + noise * random.normal(size=(people * each, 32)) / 32**0.5
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def names(people: int, *, each: int = 1) -> list[str]:
    return [f"p{n:03}" for n in range(people) for _ in range(each)]


def gallery_of(people: int, *, each: int = 3, seed: int = 0) -> Gallery:
    return Gallery.of(
        faces(people, each=each, seed=seed), person_ids=names(people, each=each), prior_mean=COMMON
    )


def index_of(vectors: np.ndarray, person_ids: list[str], *, without: str = "") -> CentredIndex:
    index = CentredIndex(SPACE, prior=COMMON)
    people = sorted({*person_ids} - {without})
    rows = [
        fuse_templates(vectors[[at for at, who in enumerate(person_ids) if who == name]])
        for name in people
    ]
    index.upsert(people, np.stack(rows))
    return index


@pytest.mark.parametrize("people", [2, 12])
def test_leaving_one_out_is_taking_them_out_of_the_live_index(people):
    vectors, ids = faces(people, each=3), names(people, each=3)
    found = leave_one_out(gallery_of(people)).strangers
    assert len(found) == len(vectors)
    for row, name in enumerate(ids):
        (best, *_), *_ = index_of(vectors, ids, without=name).search(vectors[[row]], k=1)
        assert (found.person_ids[row], found.nearest_ids[row]) == (name, best.person_id)
        assert found.scores[row] == pytest.approx(best.score, abs=1e-5)
    assert set(found.gallery_sizes) == {people - 1}
    assert set(found.sources) == {"leave_one_out"}


def test_a_persons_own_score_is_that_with_their_other_photos():
    vectors, ids = faces(6, each=3), names(6, each=3)
    gallery = gallery_of(6)
    found = leave_one_out(gallery).mated
    for row in range(len(vectors)):
        rest = [at for at, who in enumerate(ids) if who == ids[row] and at != row]
        other = centred(fuse_templates(vectors[rest])[None], mean=gallery.mean)
        mine = centred(vectors[[row]], mean=gallery.mean)
        assert found.own_scores[row] == pytest.approx(float((mine @ other.T)[0, 0]), abs=1e-5)


def test_searches_of_others_are_those_of_the_live_index():
    gallery, vectors, ids = gallery_of(9), faces(9, each=3), names(9, each=3)
    index = index_of(vectors, ids)
    probes, strangers = faces(9, seed=0, noise=0.6), faces(7, seed=5)
    mated = search_enrolled(gallery, Labelled(probes, names(9), ["door"] * 9)).mated
    for row, candidates in enumerate(index.search(probes, k=9)):
        scores = {each.person_id: each.score for each in candidates}
        assert mated.own_scores[row] == pytest.approx(scores.pop(names(9)[row]), abs=1e-5)
        assert mated.other_scores[row] == pytest.approx(max(scores.values()), abs=1e-5)
        assert scores[mated.other_ids[row]] == max(scores.values())
    unknown = [f"s{n}" for n in range(7)]
    found = search_strangers(gallery, Labelled(strangers, unknown)).strangers
    for row, (best,) in enumerate(index.search(strangers, k=1)):
        assert found.scores[row] == pytest.approx(best.score, abs=1e-5)
        assert found.nearest_ids[row] == best.person_id


def test_people_with_one_photo_search_only_as_strangers():
    vectors = np.concatenate([faces(2, each=2), faces(3, seed=9)])
    gallery = Gallery.of(vectors, person_ids=["a", "a", "b", "b", "c", "d", "e"], prior_mean=COMMON)
    evidence = leave_one_out(gallery)
    assert sorted({*evidence.mated.person_ids}) == ["a", "b"]
    assert evidence.strangers.people == 5
    assert evidence.widest.person_id in {"a", "b"}


def test_a_gallery_of_one_has_nobody_to_be_taken_for():
    evidence = leave_one_out(gallery_of(1))
    assert len(evidence.strangers) == 0
    assert len(evidence.mated) == 3
    assert np.isneginf(evidence.mated.other_scores).all()


def test_every_comparison_is_counted_once():
    gallery = gallery_of(10)
    evidence = build_evidence(
        gallery,
        strangers=Labelled(faces(4, seed=7), [f"s{n}" for n in range(4)]),
        enrolled=Labelled(faces(10), names(10)),
    )
    assert evidence.genuine.total == 30 + 10
    assert evidence.other_enrolled.total == 30 * 9 + 10 * 9
    assert evidence.stranger.total == 4 * 10
    assert evidence.counts.stranger_comparisons == 30 * 9 + 4 * 10
    assert {*evidence.mated.sources} == {"leave_one_out", "folder"}


def test_the_order_of_the_photos_plays_no_part():
    vectors, ids = faces(8, each=3), np.array(names(8, each=3))
    order = np.random.default_rng(0).permutation(len(vectors))
    mixed = Gallery.of(vectors[order], person_ids=ids[order], prior_mean=COMMON)
    first, second = leave_one_out(gallery_of(8)).strangers, leave_one_out(mixed).strangers
    assert np.allclose(np.sort(first.scores), np.sort(second.scores), atol=1e-6)


def test_blocks_make_no_difference(monkeypatch):
    whole = leave_one_out(gallery_of(20))
    monkeypatch.setattr("recognition.calibration.gallery._BLOCK", 7)
    parts = leave_one_out(gallery_of(20))
    assert np.allclose(whole.strangers.scores, parts.strangers.scores)
    assert np.allclose(whole.mated.own_scores, parts.mated.own_scores)
    assert (whole.other_enrolled.counts == parts.other_enrolled.counts).all()


def test_wrong_labels_are_refused():
    gallery = gallery_of(3)
    with pytest.raises(EvidenceRejected, match="enrolled"):
        search_strangers(gallery, Labelled(faces(1), ["p000"]))
    with pytest.raises(EvidenceRejected, match="not enrolled"):
        search_enrolled(gallery, Labelled(faces(1), ["nobody"]))
    with pytest.raises(EvidenceRejected, match="one for each"):
        Gallery.of(faces(2), person_ids=["a"], prior_mean=COMMON)


def planted(gallery_size: int = 40) -> Gallery:
    """Two people whose photos are nearly the same, among others."""
    vectors = faces(gallery_size, each=3)
    twin = faces(gallery_size, each=3, noise=0.3)[:3]
    return Gallery.of(
        np.concatenate([vectors, twin]),
        person_ids=[*names(gallery_size, each=3), *["twin"] * 3],
        prior_mean=COMMON,
    )


def test_a_planted_look_alike_is_found_first():
    gallery = planted()
    bar = confusable_bar(DecisionPolicy(threshold=0.75, min_margin=0.05))
    assert bar == 0.75
    first, *_ = confusable_pairs(gallery, bar=bar)
    assert (first.first_id, first.second_id) == ("p000", "twin")
    nearest = ceilings(leave_one_out(gallery)).nearest_other
    assert {nearest.person_id, nearest.other_id} == {"p000", "twin"}


def test_the_register_holds_every_pair_that_leaving_one_out_finds():
    gallery = planted()
    found = leave_one_out(gallery).strangers
    bar = float(np.quantile(found.scores, 0.9))
    pairs = {(pair.first_id, pair.second_id) for pair in confusable_pairs(gallery, bar=bar - 0.02)}
    for row in np.flatnonzero(found.scores >= bar):
        assert tuple(sorted((found.person_ids[row], found.nearest_ids[row]))) in pairs


def test_a_bar_that_tells_nobody_apart_is_refused():
    with pytest.raises(EvidenceRejected, match="higher bar"):
        confusable_pairs(gallery_of(20), bar=-1.0, most=50)
