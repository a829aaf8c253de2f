"""Rates by group, overlap with training, clips, and pictures changed on purpose."""

from itertools import product

import numpy as np
import pytest

from recognition.evaluation.groups import (
    group_rates,
    identical_files,
    identity_overlap,
    worst_to_best,
)
from recognition.evaluation.intervals import share_of
from recognition.evaluation.invariance import SWEEPS, similarities, summarise, transformed
from recognition.evaluation.video import clip_similarity


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def test_every_group_is_judged_at_the_same_threshold():
    #                     a genuine    a impostor   b genuine   b imp.  between  no group
    scores = np.array([0.9, 0.4, 0.8, 0.6, 0.1, 0.2, 0.7, 0.3, 0.6, 0.5, 0.1, 0.9, 0.9])
    genuine = np.array([1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0], bool)
    first = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, -1, -1])
    second = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, -1, 1])
    rates = group_rates(
        scores, is_genuine=genuine, groups=["a", "b"], first=first, second=second, threshold=0.5
    )
    assert [own.group for own in rates] == ["a", "b", "between groups"]
    assert rates[0].fnmr == share_of(1, 3)
    assert rates[0].fmr == share_of(1, 3)
    assert rates[1].fnmr == share_of(1, 2)
    assert rates[1].fmr == share_of(1, 1)
    assert (rates[2].fnmr.total, rates[2].fmr) == (0, share_of(1, 2))


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([share_of(1, 100), share_of(3, 100)], 3.0),
        ([share_of(0, 100), share_of(3, 100)], None),  # nothing is a multiple of 0
        ([share_of(3, 100), share_of(0, 0)], None),  # one group alone
    ],
)
def test_the_worst_group_as_a_multiple_of_the_best(shares, expected):
    assert worst_to_best(shares) == (None if expected is None else pytest.approx(expected))


def test_people_who_were_trained_on_are_found_however_they_are_spelled():
    found = identity_overlap(
        ["Ada_Brink", "zoë-quist", "Someone Else"],
        ["ada brink", "Zoe_Quist", "Ben_Okoro", "Ben_Okoro"],
    )
    assert (found.training, found.evaluation) == (3, 3)
    assert found.shared == ("Zoe_Quist", "ada brink")


def test_the_very_same_file_is_found_under_another_name(tmp_path):
    for name, content in {
        "t/a.jpg": b"one",
        "t/b.jpg": b"two",
        "e/x.jpg": b"two",
        "e/y.jpg": b"six",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert identical_files(
        sorted((tmp_path / "t").iterdir()), sorted((tmp_path / "e").iterdir())
    ) == (tmp_path / "e" / "x.jpg",)


def test_clips_are_as_alike_as_the_mean_over_all_pairs_of_their_frames():
    random = np.random.default_rng(1)
    first, second = unit(random.normal(size=(120, 8))), unit(random.normal(size=(7, 8)))
    brute = np.mean([float(a @ b) for a, b in product(first[:100], second)])
    assert clip_similarity(first, second) == pytest.approx(brute, abs=1e-6)
    few = np.mean([float(a @ b) for a, b in product(first[:3], second[:3])])
    assert clip_similarity(first, second, max_frames=3) == pytest.approx(few, abs=1e-6)
    # the mean squared distance, which FaceNet thresholds, says the same
    squared = np.mean([float(((a - b) ** 2).sum()) for a, b in product(first[:100], second)])
    assert squared == pytest.approx(2 - 2 * brute, abs=1e-5)
    assert clip_similarity(first[:0], second) == -1.0


@pytest.fixture(scope="module")
def picture():
    random = np.random.default_rng(5)
    coarse = random.integers(0, 256, (8, 10, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((12, 12, 1), np.uint8))


@pytest.mark.parametrize("kind", ["shift_x", "shift_y", "rotation", "scale"])
def test_the_middle_of_a_sweep_changes_nothing(picture, kind):
    neutral = 1.0 if kind == "scale" else 0.0
    assert neutral in SWEEPS[kind]
    assert len(SWEEPS[kind]) == 21
    np.testing.assert_array_equal(transformed(picture, kind=kind, value=neutral), picture)


def test_shifts_go_right_and_down_and_repeat_the_edge(picture):
    right = transformed(picture, kind="shift_x", value=6)
    np.testing.assert_array_equal(right[:, 6:], picture[:, :-6])
    np.testing.assert_array_equal(right[:, :6], np.repeat(picture[:, :1], 6, axis=1))
    down = transformed(picture, kind="shift_y", value=3)
    np.testing.assert_array_equal(down[3:], picture[:-3])


def test_turns_go_against_the_clock_and_scales_about_the_centre():
    square = np.zeros((101, 101, 3), np.uint8)
    square[45:56, 75:86] = 255  # 30 px to the right of the centre
    turned = transformed(square, kind="rotation", value=30)
    rows, columns = np.nonzero(turned[:, :, 0] > 128)
    assert rows.mean() == pytest.approx(50 - 30 * 0.5, abs=1.5)  # higher up
    assert columns.mean() == pytest.approx(50 + 30 * 0.866, abs=1.5)
    halved = transformed(square, kind="scale", value=0.5)
    assert np.nonzero(halved[50, :, 0] > 128)[0].mean() == pytest.approx(65, abs=1)


def test_compression_and_fewer_pixels_lose_detail_and_keep_the_size(picture):
    def error(kind, value):
        changed = transformed(picture, kind=kind, value=value)
        assert changed.shape == picture.shape
        return np.abs(changed.astype(int) - picture).mean()

    jpeg = [error("jpeg", quality) for quality in SWEEPS["jpeg"]]
    assert jpeg == sorted(jpeg, reverse=True)
    assert jpeg[0] > 2 * jpeg[-1]
    pixels = [error("pixels", count) for count in (400.0, 1600.0, 6400.0)]
    assert pixels == sorted(pixels, reverse=True)
    assert error("pixels", picture.shape[0] * picture.shape[1]) == 0
    with pytest.raises(ValueError, match="no sweep"):
        transformed(picture, kind="blur", value=1)


def test_a_step_tells_likeness_and_lost_faces():
    base = np.eye(4, dtype=np.float32)
    changed = np.array([[1, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 0.8, 0], [0, 0, 0, 0]], np.float32)
    point = summarise(similarities(base, changed), kind="scale", value=0.5)
    assert (point.found, point.pictures) == (3, 4)
    assert point.mean == pytest.approx((1 + 0.5 + 0.8) / 3)
    assert point.low == pytest.approx(np.quantile([1, 0.5, 0.8], 0.05))
    lost = summarise(similarities(base, np.zeros((4, 4), np.float32)), kind="scale", value=0.5)
    assert (lost.mean, lost.low, lost.found) == (None, None, 0)
