"""Vectors in a quarter of the bytes, and everybody against everybody."""

import numpy as np
import pytest

from recognition.errors import IndexMismatch
from recognition.index import Pair, all_pairs_above, dequantise, quantisation_step, quantise


def unit(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def made(count: int, *, dimension: int = 128, seed: int = 3) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, dimension)))


def test_a_vector_of_128_numbers_takes_128_bytes() -> None:
    codes = quantise(made(1))
    assert (codes.shape, codes.dtype, codes[0].nbytes) == ((1, 128), np.int8, 128)


@pytest.mark.parametrize("dimension", [128, 512])
def test_similarities_survive_quantisation(dimension: int) -> None:
    vectors = made(400, dimension=dimension)
    back = dequantise(quantise(vectors))
    assert back.dtype == np.float32
    assert np.linalg.norm(back, axis=1) == pytest.approx(np.ones(400), abs=1e-6)
    off = (back[:200] @ back[200:].T) - (vectors[:200] @ vectors[200:].T)
    # a step's rounding error, once for each side, over D numbers of variance 1/D
    expected = quantisation_step(dimension) / np.sqrt(12) * np.sqrt(2)
    assert off.std() == pytest.approx(expected, rel=0.1)
    assert np.abs(off).max() < 6 * expected


def test_codes_do_not_depend_on_the_rows_beside_them() -> None:
    vectors = made(50)
    assert np.array_equal(quantise(vectors)[7:8], quantise(vectors[7:8]))


def test_codes_by_hand() -> None:
    # D = 4: a step is 6 / (127 * 2) = 0.02362; 1.0 is 42.3 steps
    codes = quantise(np.array([[1, 0, 0, 0], [0.5, -0.5, 0.5, -0.5]], np.float32))
    assert codes.tolist() == [[42, 0, 0, 0], [21, -21, 21, -21]]
    # D = 128: 1.0 lies beyond the last code
    assert quantise(np.eye(1, 128, dtype=np.float32))[0, 0] == 127


def test_nobody_quantises_to_nobody() -> None:
    empty = quantise(np.empty((0, 128), np.float32))
    assert (empty.shape, dequantise(empty).shape) == ((0, 128), (0, 128))


@pytest.mark.parametrize(
    "wrong",
    [made(1)[0], np.ones((2, 8), np.int8), np.full((1, 8), np.nan, np.float32)],
    ids=["no matrix", "codes already", "NaN"],
)
def test_what_cannot_be_quantised_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(IndexMismatch):
        quantise(wrong)


@pytest.mark.parametrize(
    "wrong",
    [np.ones(8, np.int8), np.ones((1, 8), np.uint8), np.zeros((1, 8), np.int8)],
    ids=["no matrix", "another type", "no vector"],
)
def test_what_is_no_code_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(IndexMismatch):
        dequantise(wrong)


@pytest.mark.parametrize("count", [0, 1, 2, 300])
@pytest.mark.parametrize("block", [7, 2048])
def test_pairs_are_those_of_the_whole_matrix(
    count: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.index.pairs._BLOCK", block)
    vectors = made(count, dimension=8)
    scores = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    first, second = np.nonzero(np.triu(scores >= 0.7, 1))
    expected = {(i, j): scores[i, j] for i, j in zip(first, second, strict=True)}
    found = all_pairs_above(vectors, 0.7)
    assert {(p.first, p.second) for p in found} == set(expected)
    assert [p.score for p in found] == pytest.approx(
        [expected[p.first, p.second] for p in found], abs=1e-12
    )
    assert list(found) == sorted(found, key=lambda p: -p.score)


def test_somebody_enrolled_twice_is_found_once() -> None:
    vectors = made(100)
    vectors[90] = vectors[10]
    assert all_pairs_above(vectors, 0.9) == (Pair(10, 90, pytest.approx(1.0)),)


def test_a_threshold_that_everybody_reaches_is_refused_before_memory_ends() -> None:
    with pytest.raises(ValueError, match="More than 100 pairs"):
        all_pairs_above(made(200), -1.0, most=100)


@pytest.mark.parametrize(
    "wrong",
    [made(1)[0], made(2).astype(np.float64), np.full((2, 8), np.nan, np.float32)],
    ids=["no matrix", "float64", "NaN"],
)
def test_pairs_of_anything_else_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(IndexMismatch):
        all_pairs_above(wrong, 0.5)
