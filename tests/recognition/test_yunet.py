"""YuNet: our decoding against OpenCV's, sizes from small to filling the frame, and batches."""

import json
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

from recognition.detection import build_detector
from recognition.detection.yunet import YunetDetector
from recognition.device import choose_device
from recognition.geometry import iou_matrix
from recognition.images import decode_image
from recognition.weights import verified_path
from tests.faces import empty_room, render_face, render_scene


@pytest.fixture(scope="module")
def detector(cache_dir):
    return build_detector(
        "yunet",
        choice=choose_device("cpu", "f32"),
        threshold=0.7,
        min_face_px=20,
        cache_dir=cache_dir,
    )


def boxes_of(detections):
    rows = [(d.box.x, d.box.y, d.box.width, d.box.height) for d in detections]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def opencv_faces(picture, threshold=0.7):
    detector = cv2.FaceDetectorYN.create(
        str(verified_path("yunet-2023mar")), "", picture.shape[1::-1], threshold, 0.3, 5000
    )
    found = detector.detect(np.ascontiguousarray(picture[..., ::-1]))[1]
    return np.zeros((0, 15), np.float32) if found is None else found


@pytest.mark.realdata
def test_boxes_landmarks_and_scores_are_opencvs_on_real_photos(detector, photos):
    shifts_px = []
    for file in sorted((photos / "detection").glob("*.jpg")):
        picture = decode_image(file.read_bytes()).picture
        ours, theirs = detector.detect([picture])[0], opencv_faces(picture)
        if max(picture.shape[:2]) > 1280:
            continue  # OpenCV sees it unshrunk
        overlaps = iou_matrix(theirs[:, :4], boxes_of(ours))
        for row, overlap in zip(theirs, overlaps, strict=True):
            if row[3] > 150:
                continue  # may come from the overview, which OpenCV does not have
            same = ours[int(overlap.argmax())]
            shifts_px.append(
                max(
                    np.abs(boxes_of([same])[0] - row[:4]).max(),
                    np.abs(same.landmarks - row[4:14].reshape(5, 2)).max(),
                )
            )
            assert same.score == pytest.approx(row[14], abs=0.01)
    assert len(shifts_px) >= 40
    assert np.median(shifts_px) < 0.01
    assert max(shifts_px) < 3.0  # two cells may see a face with scores that rounding decides


@pytest.mark.realdata
def test_all_annotated_faces_are_found_and_nothing_else(detector, photos):
    folder = photos / "detection"
    for name in ("testing.xml", "training.xml"):
        for image in ET.parse(folder / name).getroot().iter("image"):  # noqa: S314 - our own file
            picture = decode_image((folder / image.attrib["file"]).read_bytes()).picture
            truth = np.array(
                [
                    [float(b.attrib[k]) for k in ("left", "top", "width", "height")]
                    for b in image.iter("box")
                ]
            )
            overlaps = iou_matrix(truth, boxes_of(detector.detect([picture])[0]))
            assert (overlaps.max(axis=1) > 0.4).all(), image.attrib["file"]
            assert (overlaps.max(axis=0) > 0.3).all(), image.attrib["file"]


@pytest.mark.realdata
def test_the_file_expects_bgr(cache_dir, detector, photos):
    wrong = build_detector(
        "yunet",
        choice=choose_device("cpu", "f32"),
        threshold=0.7,
        min_face_px=20,
        cache_dir=cache_dir,
    )
    right_scores, wrong_scores = [], []
    manifest = json.loads((photos / "lfw_small" / "manifest.json").read_text("utf-8"))
    for item in manifest[::10]:
        picture = decode_image((photos / "lfw_small" / item["file"]).read_bytes()).picture
        right_scores.append(detector.detect([picture])[0][0].score)
        swapped = wrong.detect([np.ascontiguousarray(picture[..., ::-1])])[0]
        wrong_scores.append(swapped[0].score if swapped else 0.0)
    assert np.mean(right_scores) > np.mean(wrong_scores) + 0.005


@pytest.mark.parametrize("frame_px", [160, 250, 640, 1000, 2000])
def test_a_face_that_fills_the_frame_is_found(detector, frame_px):
    drawn = render_face(1, size_px=(250, 250), face_fraction=0.95)
    picture = cv2.resize(drawn, (frame_px, frame_px), interpolation=cv2.INTER_LINEAR)
    faces = detector.detect([picture])[0]
    assert len(faces) == 1
    x, y = faces[0].box.centre
    assert abs(x - frame_px / 2) < 0.1 * frame_px
    assert abs(y - frame_px / 2) < 0.2 * frame_px


def test_small_faces_in_a_wide_frame_are_found(detector):
    heads = [(i, 100 + 200 * i, 300, 40) for i in range(5)]  # about 25 px from brow to chin
    faces = detector.detect([render_scene(heads, size_px=(1280, 720))])[0]
    assert len(faces) == 5
    assert max(face.box.width for face in faces) < 32


def test_an_empty_room_has_no_face(detector):
    assert detector.detect([empty_room()]) == [[]]
    assert detector.detect([]) == []


def test_a_batch_of_all_sizes_answers_as_each_picture_alone(detector):
    sizes = [(250, 250), (640, 480), (250, 250), (500, 900), (64, 64), (1600, 900)]
    drawn = render_face(4, size_px=(200, 200))
    pictures = [cv2.resize(drawn, size) for size in sizes]
    pictures.insert(2, np.zeros((1, 1, 3), np.uint8))
    for together, picture in zip(detector.detect(pictures), pictures, strict=True):
        alone = detector.detect([picture])[0]
        assert len(together) == len(alone)
        np.testing.assert_allclose(boxes_of(together), boxes_of(alone), atol=0.05)


def test_landmarks_are_ordered_as_seen_in_the_picture(detector):
    (face,) = detector.detect([render_face(0)])[0]
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


class OneCell:
    """A network that sees one face, in the second cell of stride 16 of a 128 px canvas."""

    precision = device = ""

    def run(self, pictures):
        outputs = {}
        for stride in (8, 16, 32):
            cells = (128 // stride) ** 2
            for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
                outputs[f"{name}_{stride}"] = np.zeros((1, cells, width), np.float32)
        outputs["cls_16"][0, 1], outputs["obj_16"][0, 1] = 0.81, 1.0
        outputs["bbox_16"][0, 1] = [0.5, 2.0, np.log(2.0), np.log(3.0)]
        outputs["kps_16"][0, 1] = np.arange(10) / 10
        return outputs


def test_decoding_follows_the_published_formulas():
    (face,) = YunetDetector(OneCell(), threshold=0.7).detect([np.zeros((128, 128, 3), np.uint8)])[0]
    assert face.score == pytest.approx(0.9)
    # centre (1.5, 2) strides, sides 2 and 3 strides
    assert (face.box.x, face.box.y) == pytest.approx((8.0, 8.0))
    assert (face.box.width, face.box.height) == pytest.approx((32.0, 48.0))
    np.testing.assert_allclose(face.landmarks[0], [16.0, 1.6], atol=1e-4)
    np.testing.assert_allclose(face.landmarks[4], [16 * 1.8, 16 * 0.9], atol=1e-4)


def test_an_unknown_detector_is_refused(cache_dir):
    with pytest.raises(ValueError, match="there are: mtcnn, yunet"):
        build_detector("haar", choice=choose_device("cpu", "f32"), threshold=0.7, min_face_px=20)
