"""YuNet: our decoding against OpenCV's, sizes from small to filling the frame, and batches."""

import json
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

from recognition.detection import build_detector, yunet
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
def test_the_best_cell_of_a_face_is_opencvs_on_real_photos(detector, photos, monkeypatch):
    # OpenCV gives the best cell's landmarks, ours are what the face's cells agree on
    monkeypatch.setattr(
        yunet, "agreed_landmarks", lambda points, scores, *, best, reach_px: points[best]
    )
    as_it_is = YunetDetector(detector.network, threshold=0.7, enlarge=1.0)
    shifts_px = []
    for file in sorted((photos / "detection").glob("*.jpg")):
        picture = decode_image(file.read_bytes()).picture
        ours, theirs = as_it_is.detect([picture])[0], opencv_faces(picture)
        if max(picture.shape[:2]) > 1920:
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
    as_it_is = YunetDetector(detector.network, threshold=0.7, enlarge=1.0)
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
            # enlarged, four more are seen in all: three people of 6 to 14 px, and a plate
            for view, most_others in ((as_it_is, 0), (detector, 2)):
                overlaps = iou_matrix(truth, boxes_of(view.detect([picture])[0]))
                assert (overlaps.max(axis=1) > 0.4).all(), image.attrib["file"]
                assert (overlaps.max(axis=0) <= 0.3).sum() <= most_others, image.attrib["file"]


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
    detector = YunetDetector(OneCell(), threshold=0.7, enlarge=1.0)
    (face,) = detector.detect([np.zeros((128, 128, 3), np.uint8)])[0]
    assert face.score == pytest.approx(0.9)
    # centre (1.5, 2) strides, sides 2 and 3 strides
    assert (face.box.x, face.box.y) == pytest.approx((8.0, 8.0))
    assert (face.box.width, face.box.height) == pytest.approx((32.0, 48.0))
    np.testing.assert_allclose(face.landmarks[0], [16.0, 1.6], atol=1e-4)
    np.testing.assert_allclose(face.landmarks[4], [16 * 1.8, 16 * 0.9], atol=1e-4)


def test_faces_of_22_px_are_found_in_a_frame_of_1920(detector):
    # heads of 28 px: 22 to 24 px from brow to chin
    heads = [(i, 100 + 330 * i, 150 + 120 * i, 28) for i in range(5)]
    faces = detector.detect([render_scene(heads, size_px=(1920, 1080))])[0]
    assert len(faces) == 5
    assert max(face.box.height for face in faces) < 25


@pytest.mark.parametrize(
    ("size", "canvases"),
    [
        ((100, 100), [(128, 128)]),
        ((250, 250), [(256, 256)]),
        ((480, 640), [(736, 960), (256, 256)]),  # one and a half times as large
        ((720, 1280), [(1088, 1920), (256, 256)]),
        ((1080, 1920), [(1088, 1920), (256, 256)]),
        ((40, 20_000), [(128, 1920), (128, 256)]),
    ],
)
def test_pictures_are_seen_on_canvases_of_few_sizes(size, canvases):
    seen = []
    network = OneCell()
    run = network.run
    network.run = lambda pictures: (
        seen.append(pictures.shape[1:3])
        or {name: output[:, :0] for name, output in run(pictures).items()}
    )
    YunetDetector(network, threshold=0.7).detect([np.zeros((*size, 3), np.uint8)])
    assert seen == canvases


def test_a_picture_is_never_asked_to_be_shrunk_for_small_faces():
    with pytest.raises(ValueError, match="enlarge must be at least 1"):
        YunetDetector(OneCell(), threshold=0.7, enlarge=0.5)


def test_many_large_pictures_are_run_in_parts_of_bounded_memory():
    calls = []

    class Blind(OneCell):
        def run(self, pictures):
            calls.append(pictures.shape)
            cells = {s: pictures.shape[1] * pictures.shape[2] // s**2 for s in (8, 16, 32)}
            return {
                f"{name}_{stride}": np.zeros((len(pictures), count, width), np.float32)
                for stride, count in cells.items()
                for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
            }

    pictures = [np.zeros((1080, 1920, 3), np.uint8)] * 6
    assert YunetDetector(Blind(), threshold=0.7).detect(pictures) == [[]] * 6
    assert calls == [(4, 1088, 1920, 3), (2, 1088, 1920, 3), (6, 256, 256, 3)]


def test_an_unknown_detector_is_refused():
    with pytest.raises(ValueError, match="there are: haar, mtcnn, pre-cropped, yunet"):
        build_detector(
            "retina",  # type: ignore[arg-type]
            choice=choose_device("cpu", "f32"),
            threshold=0.7,
            min_face_px=20,
        )
