"""Crops by margin, by the middle and by three points: exact coordinates on made scenes."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from recognition.alignment import (
    ARCFACE_TEMPLATE_112,
    affine_template,
    align_affine,
    align_faces,
    centre_crop,
    crop_resized,
    five_points,
    frontalise,
    margin_box,
)
from recognition.contracts import Box
from recognition.geometry.pose import project_face, rotation
from tests.realdata import real_photos

SCENE = {"width_px": 640, "height_px": 480}


@pytest.mark.parametrize(
    ("convention", "box", "margin", "size", "area"),
    [
        ("facenet", Box(100.0, 120.0, 90.0, 110.0), 44, 182, (78, 98, 212, 252)),
        ("facenet", Box(100.0, 120.0, 90.0, 110.0), 32, 160, (84, 104, 206, 246)),
        ("facenet", Box(100.9, 120.9, 90.2, 110.2), 1, 160, (100, 120, 191, 231)),
        ("facenet", Box(100.0, 120.0, 90.0, 110.0), 0, 160, (100, 120, 190, 230)),
        ("facenet", Box(5.0, 8.0, 90.0, 110.0), 44, 182, (0, 0, 117, 140)),
        ("facenet", Box(560.0, 400.0, 90.0, 110.0), 44, 182, (538, 378, 640, 480)),
        # 14 * 90 / 146 = 8.63 and 14 * 110 / 146 = 10.55 source pixels
        ("facenet-pytorch", Box(100.0, 120.0, 90.0, 110.0), 14, 160, (95, 114, 194, 235)),
        # 32 * 90 / 128 = 22.5 and 32 * 110 / 128 = 27.5
        ("facenet-pytorch", Box(100.0, 120.0, 90.0, 110.0), 32, 160, (88, 106, 201, 243)),
        ("facenet-pytorch", Box(2.0, 3.0, 90.0, 110.0), 32, 160, (0, 0, 103, 126)),
        ("facenet-pytorch", Box(100.0, 120.0, 90.0, 110.0), 0, 160, (100, 120, 190, 230)),
    ],
    ids=[
        "FaceNet's training recipe",
        "FaceNet's recipe for LFW",
        "half a pixel each side, cut down to whole ones",
        "no margin",
        "clamped at the upper left",
        "clamped at the lower right",
        "facenet-pytorch's notebook",
        "its margin grows with the face",
        "clamped as well",
        "without margin both agree",
    ],
)
def test_margins_of_both_conventions_to_the_pixel(convention, box, margin, size, area):
    assert margin_box(box, margin=margin, size=size, convention=convention, **SCENE) == area


@given(
    x=st.floats(-50, 600), y=st.floats(-50, 440), w=st.floats(1, 300), h=st.floats(1, 300),
    margin=st.floats(0, 100), convention=st.sampled_from(["facenet", "facenet-pytorch"]),
)  # fmt: skip
def test_a_margin_never_leaves_the_picture_nor_shrinks_the_box(x, y, w, h, margin, convention):
    box = Box(x, y, w, h)
    try:
        left, top, right, bottom = margin_box(
            box, margin=margin, size=160, convention=convention, **SCENE
        )
    except ValueError:
        return
    assert 0 <= left < right <= 640
    assert 0 <= top < bottom <= 480
    assert left <= max(x, 0)
    assert right >= min(int(x + w), 640)


@pytest.mark.parametrize(
    ("box", "margin", "convention", "message"),
    [
        (Box(10, 10, 50, 50), -1, "facenet", "margin is -1"),
        (Box(10, 10, 50, 50), 160, "facenet-pytorch", "no face"),
        (Box(700, 10, 50, 50), 10, "facenet", "whole pixel"),
    ],
)
def test_margins_that_cut_nothing_are_refused(box, margin, convention, message):
    with pytest.raises(ValueError, match=message):
        margin_box(box, margin=margin, size=160, convention=convention, **SCENE)


def noise(height, width, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_crop_of_the_output_size_is_the_pixels_themselves():
    picture = noise(300, 300)
    crop = crop_resized(picture, (20, 30, 180, 190), size=160)
    np.testing.assert_array_equal(crop, picture[30:190, 20:180])


def test_a_crop_is_stretched_not_squared():
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[:, 100:] = 255
    crop = crop_resized(picture, (0, 0, 200, 100), size=50)
    assert crop.shape == (50, 50, 3)
    np.testing.assert_array_equal(crop[:, :24], 0)
    np.testing.assert_array_equal(crop[:, 26:], 255)


@pytest.mark.parametrize("side", [(250, 250), (181, 303)])
def test_the_middle_of_a_picture_is_its_pixels(side):
    picture = noise(*side)
    top, left = (side[0] - 160) // 2, (side[1] - 160) // 2
    np.testing.assert_array_equal(
        centre_crop(picture, size=160), picture[top : top + 160, left : left + 160]
    )


def test_facenets_fallback_shrinks_to_087_and_takes_110_pixels():
    picture = noise(250, 250)
    shrunk = np.asarray(Image.fromarray(picture).resize((217, 217), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(
        centre_crop(picture, size=110, scale=0.87), shrunk[53:163, 53:163]
    )


def test_a_picture_smaller_than_the_crop_is_framed_in_black():
    picture = noise(50, 61)
    crop = centre_crop(picture, size=100)
    np.testing.assert_array_equal(crop[25:75, 19:80], picture)
    assert crop.sum(dtype=int) == picture.sum(dtype=int)
    with pytest.raises(ValueError, match="leaves nothing"):
        centre_crop(picture, size=10, scale=0.01)


# --- dlib's 68 landmarks -------------------------------------------------------------------------


def labelled_faces():
    """``(68, 2)`` landmarks of the labelled photos, where all 68 are given."""
    for name in ("training", "testing"):
        tree = ET.parse(real_photos("detection") / f"{name}_with_face_landmarks.xml")  # noqa: S314
        for box in tree.iter("box"):
            parts = {part.get("name"): part for part in box.iter("part")}
            points = [(float(p.get("x")), float(p.get("y"))) for _, p in sorted(parts.items())]
            if len(points) == 68:
                yield np.array(points)


@pytest.mark.realdata
@pytest.mark.parametrize("points", ["outer-eyes-and-nose", "inner-eyes-and-lip"])
@pytest.mark.parametrize("size", [96, 160])
def test_the_eyes_of_labelled_faces_land_within_a_pixel_of_the_template(points, size):
    indices = {"outer-eyes-and-nose": [36, 45, 33], "inner-eyes-and-lip": [39, 42, 57]}[points]
    goal = affine_template(points, size=size, scale=0.9)
    worst, count = 0.0, 0
    for landmarks in labelled_faces():
        # Every face in a picture of its own, 200 px wide: the labels, not the photos, are tried.
        face = (landmarks - landmarks.min(axis=0)) * (200 / np.ptp(landmarks[:, 0])) + 30
        for number, index in enumerate(indices):
            crop = align_affine(blob_at(face[index]), face, size=size, points=points, scale=0.9)
            worst = max(worst, np.hypot(*(centre_of_light(crop) - goal[number])))
        count += 1
    assert count >= 15
    assert worst < 1.0


def blob_at(point, radius=6.0, side=320):
    """A black square picture with a white blob at the point."""
    rows, columns = np.mgrid[:side, :side]
    blob = np.exp(-((columns - point[0]) ** 2 + (rows - point[1]) ** 2) / (2 * radius**2))
    return np.repeat((255 * blob).astype(np.uint8)[..., None], 3, axis=2)


def centre_of_light(crop):
    rows, columns = np.mgrid[: crop.shape[0], : crop.shape[1]]
    weight = crop[..., 0].astype(float)
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


def test_openfaces_template_stands_where_it_was_published():
    outer = affine_template("outer-eyes-and-nose", size=96)
    np.testing.assert_allclose(outer[0], [18.64, 16.25], atol=0.01)
    np.testing.assert_allclose(outer[1], [75.73, 15.18], atol=0.01)
    framed = affine_template("outer-eyes-and-nose", size=110, scale=96 / 110)
    np.testing.assert_allclose(framed - outer, 7.0, atol=0.01)  # 96 px of face in the middle


def test_the_five_points_of_68():
    points = np.random.default_rng(1).uniform(0, 100, (68, 2))
    five = five_points(points)
    np.testing.assert_allclose(five[0], points[36:42].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(five[1], points[42:48].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(five[2:], points[[30, 48, 54]], rtol=1e-6)


@pytest.mark.parametrize(
    ("landmarks", "size", "message"),
    [
        (np.zeros((5, 2)), 96, r"\(68, 2\)"),
        (np.full((68, 2), np.nan), 96, "not a finite"),
        (np.tile(np.arange(68.0)[:, None], (1, 2)), 96, "on a line"),
        (np.random.default_rng(1).uniform(0, 9, (68, 2)), 0, "size is 0"),
    ],
)
def test_unusable_landmarks_are_named(landmarks, size, message):
    with pytest.raises(ValueError, match=message):
        align_affine(noise(20, 20), landmarks, size=size)


# --- frontalised ---------------------------------------------------------------------------------


def test_a_frontal_face_is_not_changed():
    picture = noise(112, 112)
    np.testing.assert_array_equal(frontalise(picture, ARCFACE_TEMPLATE_112), picture)


@pytest.mark.parametrize("yaw", [-35, 20, 30])
def test_the_points_of_a_turned_face_land_on_the_template(yaw):
    points = project_face(rotation(yaw_degrees=yaw), px_per_mm=1.5, centre=(150, 150))
    for point, goal in zip(points, ARCFACE_TEMPLATE_112, strict=True):
        crop = frontalise(blob_at(point, radius=2.0), points)[..., 0]
        row, column = np.unravel_index(crop.argmax(), crop.shape)  # stretched unevenly about it
        assert np.hypot(column - goal[0], row - goal[1]) <= 1.0


def test_a_face_whose_nose_covers_the_far_half_is_only_aligned():
    points = project_face(rotation(yaw_degrees=60), px_per_mm=1.0, centre=(150, 150))
    picture = noise(300, 300)
    np.testing.assert_array_equal(frontalise(picture, points), align_faces(picture, [points])[0])


def test_the_frame_of_a_frontalised_crop_is_that_of_the_aligned_one():
    points = project_face(rotation(yaw_degrees=30), px_per_mm=1.0, centre=(150, 150))
    picture = np.repeat(np.linspace(0, 255, 300).astype(np.uint8)[None, :, None], 300, 0)
    picture = np.repeat(picture, 3, axis=2)
    plain, (aligned,) = frontalise(picture, points), align_faces(picture, [points])
    for row, column in ((0, 0), (0, 111), (111, 0), (111, 111), (0, 56)):
        assert abs(int(plain[row, column, 0]) - int(aligned[row, column, 0])) <= 2


def test_frontalising_needs_five_points_and_a_size():
    with pytest.raises(ValueError, match=r"\(5, 2\)"):
        frontalise(noise(9, 9), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="size"):
        frontalise(noise(9, 9), ARCFACE_TEMPLATE_112, size=0)
