"""The Haar cascade behind the Protocol: what it finds, its scores, its honest lack of landmarks."""

import cv2
import numpy as np
import pytest

from recognition.contracts import Detector
from recognition.detection import build_detector
from recognition.detection.haar import HaarDetector
from recognition.device import choose_device
from recognition.errors import WeightsError
from recognition.images import decode_image
from tests.faces import empty_room, render_face
from tests.realdata import real_photos


@pytest.fixture(scope="module")
def portrait():
    return render_face(1, size_px=(200, 200))


@pytest.fixture(scope="module")
def detector():
    return build_detector("haar", choice=choose_device("cpu", "f32"), threshold=0.7, min_face_px=20)


def test_one_box_on_a_frontal_face(detector: Detector, portrait):
    (found,) = detector.detect([portrait])
    assert len(found) == 1
    (face,) = found
    assert face.box.width == face.box.height >= 32
    assert 0.7 <= face.score <= 1.0


@pytest.mark.realdata
def test_one_box_on_a_frontal_face_of_a_real_photo(detector):
    folder = real_photos("lfw_small")
    photos = sorted(folder.rglob("*.jpg"))[:40:4]
    pictures = [decode_image(photo.read_bytes()).picture for photo in photos]
    central = 0
    for faces in detector.detect(pictures):
        hits = [f for f in faces if np.hypot(*(np.array(f.box.centre) - 125)) < 40]
        assert len(hits) <= 1
        central += len(hits)
    assert central >= 9


def test_landmarks_are_a_mean_face_s_place_in_the_box(detector, portrait):
    ((face,),) = detector.detect([portrait])
    box = face.box
    fractions = (face.landmarks - [box.x, box.y]) / [box.width, box.height]
    left_eye, right_eye, nose, left_mouth, right_mouth = fractions
    assert 0.2 < left_eye[0] < nose[0] < right_eye[0] < 0.8
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert 0.3 < max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert face.landmarks.dtype == np.float32
    assert face.landmarks.shape == (5, 2)


def test_a_picture_in_grey_colours_is_answered_as_its_luminance(detector):
    picture = render_face(3)
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    for colour, plain in zip(
        detector.detect([picture])[0], detector.detect([grey])[0], strict=True
    ):
        assert colour.box == plain.box


def test_scores_fall_and_the_threshold_cuts_them(portrait):
    several = np.concatenate([portrait, portrait[:, ::-1]], axis=1)
    faces = HaarDetector(threshold=0.0).detect([several])[0]
    scores = [face.score for face in faces]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)
    cut = (scores[0] + scores[-1]) / 2
    kept = HaarDetector(threshold=cut).detect([several])[0]
    assert [face.score for face in kept] == [score for score in scores if score >= cut]


def test_no_face_no_box_and_a_batch_is_its_pictures(detector, portrait):
    assert detector.detect([]) == []
    assert detector.detect([empty_room()]) == [[]]
    together = detector.detect([portrait, empty_room(), portrait])
    assert [len(faces) for faces in together] == [1, 0, 1]
    assert together[0][0].box == together[2][0].box


def test_the_smallest_face_wanted_is_respected(portrait):
    side = round(HaarDetector().detect([portrait])[0][0].box.width)
    assert HaarDetector(min_face_px=2 * side).detect([portrait]) == [[]]


def test_the_cascade_is_loaded_once(monkeypatch, portrait):
    loads = []
    original = cv2.CascadeClassifier
    monkeypatch.setattr(cv2, "CascadeClassifier", lambda path: loads.append(path) or original(path))
    detector = HaarDetector()
    for _ in range(3):
        detector.detect([portrait])
    assert len(loads) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [({"threshold": 1.1}, "threshold"), ({"min_face_px": 0}, "min_face_px")],
)
def test_options_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        HaarDetector(**options)


def test_an_opencv_without_cascades_is_an_error_that_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(cv2.data, "haarcascades", f"{tmp_path}/")
    with pytest.raises(WeightsError, match="opencv-python-headless"):
        HaarDetector()
