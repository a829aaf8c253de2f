"""Aligned crops: the landmarks must land on the template, whatever the face's pose in the plane."""

import cv2
import numpy as np
import pytest

from recognition.alignment import ARCFACE_TEMPLATE_112, align_faces


def dotted_face(scale, degrees, shift):
    """A black picture with a white blob at each landmark, and the landmarks."""
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (ARCFACE_TEMPLATE_112 - 56) @ turn.T + shift
    rows, columns = np.mgrid[:400, :500]
    picture = np.zeros((400, 500, 3), np.uint8)
    for x, y in points:
        blob = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (3 * scale) ** 2))
        picture = np.maximum(picture, (255 * blob[..., None]).astype(np.uint8))
    return picture, points.astype(np.float32)


def centre_of_light(crop, near, radius=9):
    """Weighted centre of the blob about ``near`` as x, y."""
    rows, columns = np.mgrid[: crop.shape[0], : crop.shape[1]]
    close = np.hypot(columns - near[0], rows - near[1]) < radius
    weight = crop[..., 0] * close
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("scale", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("degrees", [0, 30, -90, 180])
def test_landmarks_land_on_the_template_within_a_third_of_a_pixel(scale, degrees):
    picture, points = dotted_face(scale, degrees, (250, 200))
    (crop,) = align_faces(picture, [points])
    for goal in ARCFACE_TEMPLATE_112:
        assert np.hypot(*(centre_of_light(crop, goal) - goal)) < 0.34


def test_other_sizes_scale_the_template():
    picture, points = dotted_face(1.5, 10, (250, 200))
    (crop,) = align_faces(picture, [points], size=224)
    assert crop.shape == (224, 224, 3)
    for goal in ARCFACE_TEMPLATE_112 * 2:
        assert np.hypot(*(centre_of_light(crop, goal, radius=18) - goal)) < 0.34


def test_a_face_on_the_template_passes_unchanged():
    picture = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    np.testing.assert_array_equal(align_faces(picture, [ARCFACE_TEMPLATE_112])[0], picture)


def test_outside_the_picture_is_black():
    white = np.full((112, 112, 3), 255, np.uint8)
    (crop,) = align_faces(white, [ARCFACE_TEMPLATE_112 - [60, 0]])
    assert crop[:, :58].max() == 0
    assert crop[:, 62:].min() == 255


def test_each_face_of_a_picture_gets_its_own_crop_in_order():
    first, first_points = dotted_face(0.6, 0, (120, 200))
    second, second_points = dotted_face(0.6, 40, (380, 200))
    picture = np.maximum(first, second)
    crops = align_faces(picture, [first_points, second_points])
    assert crops.shape == (2, 112, 112, 3)
    np.testing.assert_array_equal(crops[1], align_faces(picture, [second_points])[0])
    assert cv2.PSNR(crops[0], crops[1]) > 20  # the same blobs, seen through two transforms


def test_no_faces_give_an_empty_stack():
    assert align_faces(np.zeros((10, 10, 3), np.uint8), []).shape == (0, 112, 112, 3)


@pytest.mark.parametrize(
    ("picture", "points", "size", "message"),
    [
        (np.zeros((10, 10), np.uint8), ARCFACE_TEMPLATE_112, 112, "uint8 RGB"),
        (np.zeros((10, 10, 3), np.float32), ARCFACE_TEMPLATE_112, 112, "uint8 RGB"),
        (np.zeros((10, 10, 3), np.uint8), ARCFACE_TEMPLATE_112[:4], 112, r"\(5, 2\)"),
        (np.zeros((10, 10, 3), np.uint8), np.ones((5, 2)), 112, "coincide"),
        (np.zeros((10, 10, 3), np.uint8), ARCFACE_TEMPLATE_112, 0, "size"),
    ],
)
def test_unusable_input_is_named(picture, points, size, message):
    with pytest.raises(ValueError, match=message):
        align_faces(picture, [points], size=size)
