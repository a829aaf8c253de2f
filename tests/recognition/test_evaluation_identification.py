"""Open-set figures on a gallery that can be worked out on paper, and against brute force."""

import numpy as np
import pytest

from recognition.evaluation.identification import (
    Searches,
    cumulative_match,
    identification_curve,
    point_at_fpir,
    point_at_threshold,
    search_gallery,
)

# Gallery of three: the axes. Scores of a probe are then simply its coordinates.
GALLERY = np.eye(3, dtype=np.float32)
NAMES = ["ann", "ben", "cy"]
PROBES = {
    "ann": [
        ([0.9, 0.1, 0.0], "found with 0.9"),
        ([0.5, 0.4, 0.1], "found with 0.5"),
        ([0.6, 0.7, 0.1], "second: ben is ahead with 0.7"),
    ],
    "ben": [([0.1, 0.8, 0.3], "found with 0.8"), ([0.3, 0.2, 0.4], "last: 0.2")],
    "dee": [([0.2, 0.3, 0.1], "could not be enrolled")],
}
STRANGERS = [[0.65, 0.1, 0.0], [0.3, 0.45, 0.1], [0.1, 0.1, 0.2], [0.0, 0.0, 0.0]]


@pytest.fixture
def searches():
    people, probes = zip(
        *[(who, row) for who, rows in PROBES.items() for row, _ in rows], strict=True
    )
    return search_gallery(
        GALLERY,
        gallery_ids=NAMES,
        probes=np.array(probes, np.float32),
        probe_ids=people,
        strangers=np.array(STRANGERS, np.float32),
    )


def test_ranks_and_scores(searches):
    assert searches.ranks.tolist() == [1, 1, 2, 1, 3, 4]
    np.testing.assert_allclose(searches.right_scores[:5], [0.9, 0.5, 0.6, 0.8, 0.2], atol=1e-6)
    assert searches.right_scores[5] == -np.inf
    np.testing.assert_allclose(searches.other_scores, [0.1, 0.4, 0.7, 0.3, 0.4, 0.3], atol=1e-6)
    np.testing.assert_allclose(searches.stranger_scores[:3], [0.65, 0.45, 0.2], atol=1e-6)
    assert searches.stranger_scores[3] == -np.inf  # no face: nobody is named
    assert searches.comparisons == (6 + 4) * 3


@pytest.mark.parametrize(
    ("threshold", "fnir", "fpir", "misnamed", "why"),
    [
        (0.1, 3 / 6, 3 / 4, 3, "only the three at rank 1 are right; three others are misnamed"),
        (0.35, 3 / 6, 2 / 4, 2, "dee's best is 0.3: missed, no longer misnamed"),
        (0.47, 3 / 6, 1 / 4, 1, "the stranger with 0.65 is still named; ben for ann, too"),
        (0.66, 4 / 6, 0 / 4, 1, "ann with 0.5 is missed now"),
        (0.95, 6 / 6, 0 / 4, 0, "nobody is named"),
    ],
)
def test_errors_at_a_threshold(searches, threshold, fnir, fpir, misnamed, why):
    point = point_at_threshold(searches, threshold)
    assert (point.fnir, point.fpir) == (pytest.approx(fnir), pytest.approx(fpir)), why
    assert point.misnamed == misnamed, why
    assert point.tpir == pytest.approx(1 - fnir)
    assert point.missed == round(fnir * 6)


@pytest.mark.parametrize(
    ("fpir", "threshold", "fnir"),
    [(0.0, 0.8, 4 / 6), (0.2, 0.8, 4 / 6), (0.25, 0.5, 3 / 6), (0.5, 0.45, 3 / 6)],
)
def test_the_fnir_at_an_fpir_is_the_lowest_that_keeps_to_it(searches, fpir, threshold, fnir):
    point = point_at_fpir(searches, fpir=fpir)
    assert point.fpir <= fpir
    assert point.fnir == pytest.approx(fnir)
    assert point.threshold == pytest.approx(threshold, abs=1e-6)
    assert point.note.startswith("too few") == (fpir * 4 < 1)


def test_the_cumulative_match_curve_counts_ranks(searches):
    np.testing.assert_allclose(cumulative_match(searches, ranks=4), [3 / 6, 4 / 6, 5 / 6, 6 / 6])


def test_a_tie_helps_nobody():
    tied = search_gallery(
        GALLERY,
        gallery_ids=NAMES,
        probes=np.array([[0.5, 0.5, 0.0]], np.float32),
        probe_ids=["ann"],
        strangers=np.array([[0.1, 0.0, 0.0]], np.float32),
    )
    assert tied.ranks.tolist() == [2]
    assert point_at_threshold(tied, 0.4).misnamed == 1


def test_a_probe_without_a_face_is_missed_at_every_threshold():
    blind = search_gallery(
        GALLERY,
        gallery_ids=NAMES,
        probes=np.zeros((1, 3), np.float32),
        probe_ids=["ann"],
        strangers=np.array([[0.1, 0.0, 0.0]], np.float32),
    )
    assert blind.ranks.tolist() == [4]
    assert point_at_threshold(blind, -1.0).fnir == 1.0


def test_a_large_gallery_is_searched_as_by_brute_force():
    random = np.random.default_rng(11)

    def unit(rows):
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    gallery = unit(random.normal(size=(60, 12)))
    owners = random.integers(0, 60, 300)
    probes = unit(gallery[owners] + 0.35 * random.normal(size=(300, 12)))
    strangers = unit(random.normal(size=(200, 12)))
    names = [f"p{n}" for n in range(60)]
    found = search_gallery(
        gallery,
        gallery_ids=names,
        probes=probes,
        probe_ids=[names[owner] for owner in owners],
        strangers=strangers,
    )
    scores, unseen = probes @ gallery.T, strangers @ gallery.T
    first = scores.argmax(axis=1) == owners
    for threshold in (0.4, 0.6, 0.8):
        point = point_at_threshold(found, threshold)
        assert point.fnir == pytest.approx(1 - (first & (scores.max(axis=1) >= threshold)).mean())
        assert point.fpir == pytest.approx((unseen.max(axis=1) >= threshold).mean())
    order = np.argsort(-scores, axis=1)
    for k in (1, 3, 10):
        expected = np.mean([owner in row[:k] for owner, row in zip(owners, order, strict=True)])
        assert cumulative_match(found, ranks=10)[k - 1] == pytest.approx(expected)
    curve = identification_curve(found)
    for fpir in (0.01, 0.05):
        assert point_at_fpir(found, fpir=fpir).fnir == pytest.approx(
            1 - curve.tmr[curve.fmr <= fpir].max()
        )


def test_a_larger_gallery_names_more_strangers():
    """1 - (1 - FMR)^N: the reason why a figure without the gallery's size says nothing."""
    random = np.random.default_rng(2)
    small = Searches(np.array([1.0]), np.array([0.0]), np.array([1]),
                     random.normal(0, 0.2, (5000, 10)).max(axis=1), 10)  # fmt: skip
    large = Searches(np.array([1.0]), np.array([0.0]), np.array([1]),
                     random.normal(0, 0.2, (5000, 200)).max(axis=1), 200)  # fmt: skip
    one, many = (point_at_threshold(s, 0.5).fpir for s in (small, large))
    fmr = 0.00621  # of a normal score 2.5 standard deviations above its mean
    assert one == pytest.approx(1 - (1 - fmr) ** 10, abs=0.01)
    assert many == pytest.approx(1 - (1 - fmr) ** 200, abs=0.02)
