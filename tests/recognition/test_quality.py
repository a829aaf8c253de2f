"""Quality: each measurement on a picture where its value is known, and the score's direction."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from recognition.contracts import Box, Detection
from recognition.quality import measure

FRONTAL = np.array([[40, 50], [80, 50], [60, 70], [45, 90], [75, 90]], np.float32)
PICTURE = np.zeros((200, 200, 3), np.uint8)


def face(landmarks=FRONTAL, box=Box(20, 20, 80, 100)):  # noqa: B008 - frozen
    return Detection(box=box, landmarks=landmarks, score=0.9)


def textured(mean=128, spread=40):
    rng = np.random.default_rng(1)
    grey = cv2.GaussianBlur(rng.normal(0, 1, (112, 112)).astype(np.float32), (0, 0), 2)
    grey = mean + spread * grey / grey.std()
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_a_flat_grey_crop_has_known_values():
    quality = measure(PICTURE, face(), np.full((112, 112, 3), 51, np.uint8))
    assert quality.brightness == pytest.approx(0.2)
    assert quality.contrast == pytest.approx(0.0, abs=1e-6)
    assert (quality.sharpness, quality.score) == (0.0, 0.0)


def test_sharpness_is_the_variance_of_the_laplacian_of_the_grey_crop():
    crop = textured()
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float64)
    padded = np.pad(grey, 1, mode="reflect")
    laplacian = (
        padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * grey
    )
    assert measure(PICTURE, face(), crop).sharpness == pytest.approx(laplacian.var(), rel=1e-3)


@pytest.mark.parametrize(
    ("nose_x", "yaw"), [(60, 0.0), (80, 1.0), (40, -1.0), (50, -0.5), (120, 1.0)]
)
def test_yaw_is_the_noses_place_between_the_eyes(nose_x, yaw):
    landmarks = FRONTAL.copy()
    landmarks[2, 0] = nose_x
    assert measure(PICTURE, face(landmarks), textured()).yaw == pytest.approx(yaw)


def test_a_tilted_head_is_not_a_turned_one():
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    tilted = ((FRONTAL - 60) @ turn.T + 60).astype(np.float32)
    quality = measure(PICTURE, face(tilted), textured())
    assert quality.yaw == pytest.approx(0.0, abs=1e-5)
    assert quality.eye_distance_px == pytest.approx(40.0, abs=1e-4)


def test_eyes_on_one_point_count_as_fully_turned():
    landmarks = FRONTAL.copy()
    landmarks[1] = landmarks[0]
    quality = measure(PICTURE, face(landmarks), textured())
    assert (quality.eye_distance_px, abs(quality.yaw), quality.score) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("box", "visible"),
    [
        (Box(0, 0, 100, 100), 1.0),
        (Box(-50, 0, 100, 100), 0.5),
        (Box(150, 150, 100, 100), 0.25),
        (Box(300, 0, 50, 50), 0.0),
        (Box(10, 10, 0, 50), 0.0),
    ],
    ids=["inside", "half out on the left", "a corner left", "outside", "no area"],
)
def test_visible_fraction(box, visible):
    quality = measure(PICTURE, face(box=box), textured())
    assert quality.visible_fraction == pytest.approx(visible)


def test_eye_distance_is_given_in_source_pixels():
    assert measure(PICTURE, face(), textured(), scale=0.25).eye_distance_px == pytest.approx(160)


def test_each_defect_lowers_the_score_of_a_good_face():
    good = measure(PICTURE, face(), textured())
    assert good.score == pytest.approx(1.0)
    small = face(FRONTAL / 4)
    turned = FRONTAL.copy()
    turned[2, 0] = 78
    defects = {
        "small": measure(PICTURE, small, textured()),
        "turned": measure(PICTURE, face(turned), textured()),
        "blurred": measure(PICTURE, face(), cv2.GaussianBlur(textured(), (0, 0), 8)),
        "dark": measure(PICTURE, face(), textured(mean=15, spread=8)),
        "bright": measure(PICTURE, face(), textured(mean=248, spread=6)),
        "flat": measure(PICTURE, face(), textured(spread=6)),
        "cut off": measure(PICTURE, face(box=replace(face().box, x=-40)), textured()),
    }
    assert {name for name, quality in defects.items() if quality.score >= 0.7} == set()
