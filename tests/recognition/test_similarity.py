"""The closed form against known transforms and against a general least-squares solver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.geometry.similarity import fit_similarity


def similarity(scale, degrees, shift):
    angle = np.deg2rad(degrees)
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[a, -b, shift[0]], [b, a, shift[1]]])


def apply(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


def brute_least_squares(source, target):
    """Oracle: the four unknowns of a similarity as one linear system, solved by lstsq."""
    x, y = source.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate(
        [np.stack([x, -y, one, zero], axis=1), np.stack([y, x, zero, one], axis=1)]
    )
    a, b, shift_x, shift_y = np.linalg.lstsq(rows, np.concatenate(target.T), rcond=None)[0]
    return np.array([[a, -b, shift_x], [b, a, shift_y]])


@given(
    st.floats(0.01, 100),
    st.floats(-180, 180),
    st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)),
    st.integers(0, 1000),
    st.integers(2, 9),
)
def test_a_known_transform_is_recovered(scale, degrees, shift, seed, count):
    points = np.random.default_rng(seed).normal(size=(count, 2)) * 50 + 200
    known = similarity(scale, degrees, shift)
    np.testing.assert_allclose(fit_similarity(points, apply(known, points)), known, atol=1e-6)


@given(st.integers(0, 10_000), st.integers(2, 9))
def test_noisy_points_give_the_least_squares_answer(seed, count):
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(count, 2)) * 40 + 100
    target = apply(similarity(1.7, 25, (3, -8)), source) + rng.normal(size=(count, 2)) * 5
    np.testing.assert_allclose(
        fit_similarity(source, target), brute_least_squares(source, target), atol=1e-6
    )


def test_a_mirrored_face_is_turned_but_never_mirrored():
    face = np.array([[30, 30], [70, 30], [50, 50], [35, 80], [65, 80]], float)
    mirrored = face * [-1, 1] + [100, 0]
    matrix = fit_similarity(face, mirrored)
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (np.ones((5, 2)), np.eye(5, 2), "all source points coincide"),
        (np.eye(5, 2), np.full((5, 2), 1e6), "all target points coincide"),
        (np.full((3, 2), 1e8) + np.eye(3, 2) * 1e-7, np.eye(3, 2), "all source points coincide"),
        (np.eye(1, 2), np.eye(1, 2), "N >= 2"),
        (np.eye(3), np.eye(3), "shape"),
        (np.eye(3, 2), np.eye(4, 2), "must match"),
        (np.array([[0, np.nan], [1, 1]]), np.eye(2), "finite"),
        (
            np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]),
            np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]]),
            "mirrored",
        ),
    ],
)
def test_degenerate_points_are_refused_with_a_reason(source, target, message):
    with pytest.raises(ValueError, match=message):
        fit_similarity(source, target)
