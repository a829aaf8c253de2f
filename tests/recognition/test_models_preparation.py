"""FaceNet's pixel preparation and crops: exact numbers, FaceNet's order, seeded randomness."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.alignment import align_faces
from recognition.contracts import Box, Detection
from recognition.embedding.cutting import cut_face
from recognition.embedding.preparation import (
    Augmentation,
    fixed_standardise,
    prepare,
    prewhiten,
)
from recognition.embedding_spec import CropSpec, EmbeddingSpec


@pytest.fixture
def picture():
    return np.random.default_rng(2).integers(0, 256, (182, 182, 3), dtype=np.uint8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 255))
def test_a_prewhitened_picture_has_mean_0_and_deviation_1(seed, side, brightest):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, brightest + 1, (side, side, 3), dtype=np.uint8)
    picture[0, 0, 0], picture[0, 0, 1] = 0, brightest  # never even
    white = prewhiten(picture)
    assert white.dtype == np.float32
    assert float(white.mean(dtype=np.float64)) == pytest.approx(0.0, abs=1e-5)
    assert float(white.std(dtype=np.float64)) == pytest.approx(1.0, abs=1e-5)


def test_prewhitening_divides_by_no_less_than_one_over_the_root_of_n():
    even = np.full((160, 160, 3), 77, np.uint8)
    assert not prewhiten(even).any()
    nearly = even.copy()
    nearly[0, 0, 0] += 1  # deviation 1/sqrt(N) * sqrt(1 - 1/N): just below the least
    count = nearly.size
    assert float(prewhiten(nearly)[0, 0, 0]) == pytest.approx(
        (1 - 1 / count) * count**0.5, rel=1e-6
    )


def test_each_picture_of_a_batch_is_prewhitened_alone(picture):
    batch = np.stack([picture, picture // 4])
    np.testing.assert_allclose(prewhiten(batch)[1], prewhiten(batch[1]), atol=1e-6)


def test_fixed_standardisation_is_exact_for_every_value():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    expected = [(value - 127.5) / 128 for value in range(256)]  # float64, exact in float32 too
    assert fixed_standardise(values).ravel().tolist() == expected


def test_without_flags_the_centre_is_cropped_and_prewhitened(picture):
    np.testing.assert_array_equal(prepare(picture, size_px=160), prewhiten(picture[11:171, 11:171]))


def test_a_smaller_picture_gets_zeros_around_it(picture):
    small = picture[:100, :120]
    padded = prepare(small, size_px=160, augmentation=Augmentation.FIXED_STANDARDISE)
    np.testing.assert_array_equal(padded[30:130, 20:140], fixed_standardise(small))
    assert (padded[:30] == fixed_standardise(np.zeros(1))).all()


def test_a_forced_flip_mirrors_and_nothing_else(picture):
    fixed = Augmentation.FIXED_STANDARDISE
    np.testing.assert_array_equal(
        prepare(picture, size_px=160, augmentation=fixed | Augmentation.FLIP),
        prepare(picture, size_px=160, augmentation=fixed)[:, ::-1],
    )


def test_random_crops_are_places_of_the_picture_and_reach_its_edges(picture):
    rng = np.random.default_rng(0)
    flags = Augmentation.RANDOM_CROP | Augmentation.FIXED_STANDARDISE
    small = picture[:8, :8]
    whole = fixed_standardise(small)
    places = set()
    for _ in range(200):
        crop = prepare(small, size_px=6, augmentation=flags, rng=rng)
        (found,) = [
            (top, left)
            for top in range(3)
            for left in range(3)
            if np.array_equal(whole[top : top + 6, left : left + 6], crop)
        ]
        places.add(found)
    assert len(places) == 9


def test_random_flips_are_even_and_the_seed_decides_everything(picture):
    flags = Augmentation(1 | 2 | 4 | 8)
    runs = [
        [prepare(picture, size_px=160, augmentation=flags, rng=rng) for _ in range(3)]
        for rng in (np.random.default_rng(7), np.random.default_rng(7), np.random.default_rng(8))
    ]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])
    rng, small = np.random.default_rng(1), picture[:4, :4]
    plain = fixed_standardise(small)
    flags = Augmentation.RANDOM_FLIP | Augmentation.FIXED_STANDARDISE
    as_is = sum(
        np.array_equal(prepare(small, size_px=4, augmentation=flags, rng=rng), plain)
        for _ in range(400)
    )
    assert 150 < as_is < 250


def test_random_turns_keep_the_centre_and_stay_within_ten_degrees():
    # a bright ray from the centre to the right: its end's height tells the angle
    ray = np.zeros((161, 161, 3), np.uint8)
    ray[80, 80:] = 255
    flags = Augmentation.RANDOM_ROTATE | Augmentation.FIXED_STANDARDISE
    rng = np.random.default_rng(3)
    angles = []
    for _ in range(60):
        turned = prepare(ray, size_px=161, augmentation=flags, rng=rng)[..., 0]
        assert turned[80, 80] > 0
        rows = np.arange(161) - 80
        column = np.clip(turned[:, 140], 0, None)
        angles.append(float(np.degrees(np.arctan2((rows * column).sum() / column.sum(), 60))))
    assert -10.5 < min(angles) < -7
    assert 7 < max(angles) < 10.5


def test_randomness_without_a_generator_is_refused(picture):
    with pytest.raises(ValueError, match="numpy Generator"):
        prepare(picture, size_px=160, augmentation=Augmentation.RANDOM_FLIP)


DETECTION = Detection(
    Box(60.0, 40.0, 80.0, 100.0),
    np.array([[80, 75], [118, 76], [99, 98], [84, 118], [114, 119]], np.float32),
    0.9,
)


@pytest.mark.parametrize(
    ("spec", "scale", "area"),
    [
        (CropSpec("box-margin", 160, 32), 1.0, (slice(24, 156), slice(44, 156))),
        (CropSpec("box-margin", 160, 32), 0.5, (slice(32, 148), slice(52, 148))),
        (CropSpec("box-margin", 160, 32, "facenet-pytorch"), 0.5, (slice(27, 152), slice(50, 150))),
        (CropSpec("box-margin", 160, 0), 1.0, (slice(40, 140), slice(60, 140))),
        (CropSpec("box-margin", 160, 140), 1.0, (slice(0, 182), slice(0, 182))),
    ],
    ids=["16 px each side", "of an original twice as large", "of the crop", "none", "clamped"],
)
def test_a_box_is_cut_by_its_margin_and_stretched(picture, spec, scale, area):
    from recognition.alignment.margins import crop_resized

    rows, columns = area
    expected = crop_resized(picture, (columns.start, rows.start, columns.stop, rows.stop), size=160)
    np.testing.assert_array_equal(cut_face(picture, DETECTION, spec=spec, scale=scale), expected)


def test_the_arcface_cut_is_the_alignment(picture):
    np.testing.assert_array_equal(
        cut_face(picture, DETECTION, spec=CropSpec()),
        align_faces(picture, [DETECTION.landmarks])[0],
    )


def test_every_part_of_the_preparation_is_in_its_name():
    specs = [
        EmbeddingSpec(512, order, scaling, crop)
        for order in ("rgb", "bgr")
        for scaling in ("raw", "fixed", "symmetric", "per_image")
        for crop in (
            CropSpec(),
            CropSpec("arcface112-similarity", 128),
            CropSpec("box-margin", 160, 32),
            CropSpec("box-margin", 160, 14),
            CropSpec("box-margin", 160, 32, "facenet-pytorch"),
        )
    ]
    assert len({spec.preprocessing for spec in specs}) == len(specs)
    assert specs[0].preprocessing == "arcface112-similarity-rgb"  # SFace's, stored with vectors
