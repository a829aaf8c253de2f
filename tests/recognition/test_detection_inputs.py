"""Odd pictures, the same for every detector: none, one pixel, a strip, a crowd, grey, no face."""

import cv2
import numpy as np
import pytest

from recognition.detection import build_detector
from recognition.device import choose_device
from tests.faces import empty_room, render_face

DETECTORS = ["haar", "mtcnn", "yunet"]


@pytest.fixture(scope="module", params=DETECTORS)
def detector(request, cache_dir):
    return build_detector(
        request.param,
        choice=choose_device("cpu", "f32"),
        threshold=0.7,
        min_face_px=20,
        cache_dir=cache_dir,
    )


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((50, 50), np.uint8),
        np.zeros((50, 50, 4), np.uint8),
        np.zeros((50, 50, 1), np.uint8),
        np.zeros((50, 50, 3)),
        np.zeros((0, 50, 3), np.uint8),
    ],
    ids=["grey", "with alpha", "one channel", "float", "empty"],
)
def test_a_picture_of_another_kind_is_named_with_its_place(detector, picture):
    good = np.zeros((50, 50, 3), np.uint8)
    with pytest.raises(ValueError, match=r"picture 1 must be \(H, W, 3\) uint8 RGB"):
        detector.detect([good, picture])


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 400), (400, 1), (2, 2), (11, 11), (12, 12), (40, 20_000), (20_000, 40)]
)
def test_no_size_is_too_odd(detector, size):
    assert detector.detect([np.full((*size, 3), 90, np.uint8)]) == [[]]


def test_pictures_without_a_face_and_no_pictures_at_all(detector):
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)
    assert detector.detect([empty_room(), noise]) == [[], []]
    assert detector.detect([]) == []


def test_a_crowd_of_five_hundred_is_found_face_by_face(detector):
    # 25 x 20 heads of 64 px, of two people, so that no two neighbours are alike
    heads = [cv2.resize(render_face(n), (64, 64), interpolation=cv2.INTER_AREA) for n in (3, 4)]
    tiles = [[heads[(row + column) % 2] for column in range(25)] for row in range(20)]
    crowd = np.concatenate([np.concatenate(row, axis=1) for row in tiles])
    faces = detector.detect([crowd])[0]
    found = {(int(f.box.centre[0] // 64), int(f.box.centre[1] // 64)) for f in faces}
    # the cascade knows few drawn faces of some 40 px
    assert len(found) >= {"haar": 50, "mtcnn": 490, "yunet": 500}[detector.name]
    assert len(faces) <= 510


def test_a_read_only_picture_and_a_mirrored_view_are_pictures_too(detector):
    frozen = render_face(1, size_px=(200, 200))
    frozen.flags.writeable = False
    assert len(detector.detect([frozen])[0]) == 1
    assert len(detector.detect([frozen[:, ::-1]])[0]) == 1
