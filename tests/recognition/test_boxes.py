"""Overlaps and suppression against brute force in plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recognition.geometry.boxes import iou_matrix, non_maximum_suppression

# Quarter pixels keep every sum exact in floating point, so the oracle may be compared exactly;
# the small range makes overlaps, ties, empty and identical boxes common.
quarters = st.integers(-40, 40).map(lambda n: n / 4)


def box_arrays(maximum=12):
    return st.integers(0, maximum).flatmap(
        lambda n: hnp.arrays(np.float64, (n, 4), elements=quarters)
    )


def overlap(a, b, *, mode="union", extra=0.0):
    """Oracle: the definition, one pair at a time."""
    aw, ah, bw, bh = (max(side + extra, 0.0) for side in (a[2], a[3], b[2], b[3]))
    width = min(a[0] + aw, b[0] + bw) - max(a[0], b[0])
    height = min(a[1] + ah, b[1] + bh) - max(a[1], b[1])
    shared = width * height if width > 0 and height > 0 else 0.0
    whole = min(aw * ah, bw * bh) if mode == "min" else aw * ah + bw * bh - shared
    return shared / whole if whole > 0 else 0.0


def brute_force_suppression(boxes, scores, *, threshold, mode, extra):
    order = sorted(range(len(boxes)), key=lambda i: (-scores[i], i))
    kept = []
    for i in order:
        if all(overlap(boxes[k], boxes[i], mode=mode, extra=extra) <= threshold for k in kept):
            kept.append(i)
    return kept


@given(box_arrays(), box_arrays())
def test_iou_equals_the_definition_for_every_pair(a, b):
    result = iou_matrix(a, b)
    assert result.dtype == np.float32
    assert result.shape == (len(a), len(b))
    expected = np.array([[overlap(p, q) for q in b] for p in a]).reshape(len(a), len(b))
    np.testing.assert_allclose(result, expected, atol=1e-7)


@given(
    box_arrays(),
    st.sampled_from([0.0, 0.25, 0.5, 0.7, 1.0]),
    st.sampled_from(["union", "min"]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_suppression_keeps_what_brute_force_keeps(boxes, threshold, mode, inclusive, random):
    scores = np.array([random.choice([0.1, 0.5, 0.5, 0.9]) for _ in boxes])
    kept = non_maximum_suppression(
        boxes, scores, threshold=threshold, mode=mode, pixel_inclusive=inclusive
    )
    expected = brute_force_suppression(
        boxes, scores, threshold=threshold, mode=mode, extra=1.0 if inclusive else 0.0
    )
    assert kept.tolist() == expected


def test_suppression_agrees_with_brute_force_beyond_one_block_of_boxes():
    rng = np.random.default_rng(7)
    boxes = np.concatenate([rng.integers(0, 300, (400, 2)), rng.integers(5, 60, (400, 2))], axis=1)
    scores = rng.random(400)
    kept = non_maximum_suppression(boxes, scores, threshold=0.3)
    expected = brute_force_suppression(boxes, scores, threshold=0.3, mode="union", extra=0.0)
    assert 128 < len(kept) < 400
    assert kept.tolist() == expected


def test_a_small_box_inside_a_large_one_goes_only_in_mode_min():
    boxes = np.array([[0, 0, 100, 100], [40, 40, 10, 10]])
    scores = np.array([0.9, 0.8])
    assert non_maximum_suppression(boxes, scores, threshold=0.7).tolist() == [0, 1]
    assert non_maximum_suppression(boxes, scores, threshold=0.7, mode="min").tolist() == [0]


def test_the_inclusive_convention_counts_the_last_pixel():
    # Two boxes of 1 x 1 px (stored as 0 x 0) on the same pixel: all or nothing.
    boxes, scores = np.zeros((2, 4)), np.array([0.9, 0.8])
    assert non_maximum_suppression(boxes, scores, threshold=0.5).tolist() == [0, 1]
    kept = non_maximum_suppression(boxes, scores, threshold=0.5, pixel_inclusive=True)
    assert kept.tolist() == [0]


def test_an_overlap_equal_to_the_threshold_is_kept():
    boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 2]])
    assert len(non_maximum_suppression(boxes, np.array([2, 1]), threshold=0.5)) == 2


@pytest.mark.parametrize(
    ("boxes", "scores", "threshold", "message"),
    [
        (np.zeros((2, 5)), np.zeros(2), 0.5, "shape"),
        (np.zeros(4), np.zeros(1), 0.5, "shape"),
        (np.zeros((2, 4)), np.zeros(3), 0.5, "2 boxes need scores"),
        (np.zeros((1, 4)), np.array([np.nan]), 0.5, "NaN"),
        (np.zeros((1, 4)), np.zeros(1), 1.5, "threshold"),
    ],
)
def test_unusable_input_is_named(boxes, scores, threshold, message):
    with pytest.raises(ValueError, match=message):
        non_maximum_suppression(boxes, scores, threshold=threshold)
