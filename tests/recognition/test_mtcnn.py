"""MTCNN: published golden values, the arithmetic between the networks, and real photos."""

import os
import pickle

import cv2
import lz4.frame
import numpy as np
import pytest
import torch

from recognition.detection import mtcnn_boxes
from recognition.detection.mtcnn import MtcnnDetector
from recognition.detection.mtcnn_networks import ONet, PNet, RNet, load_keras_arrays
from recognition.detection.mtcnn_weights import load_mtcnn_weights
from recognition.errors import DeviceUnavailable, WeightsError
from recognition.weights import verified_path
from tests.faces import render_face, render_scene
from tests.realdata import real_photos


@pytest.fixture(scope="module")
def paths():
    return [verified_path(f"mtcnn-{name}") for name in ("pnet", "rnet", "onet")]


@pytest.fixture(scope="module")
def weights(paths):
    return load_mtcnn_weights(*paths)


@pytest.fixture(scope="module")
def detector(weights):
    return MtcnnDetector(weights)


def golden_input(shape):
    """The published check's data; its networks see transposed pictures, ours see upright ones."""
    data = np.random.RandomState(666).rand(*shape).astype(np.float32)
    return torch.from_numpy(data[:1]).transpose(2, 3)


@pytest.mark.parametrize(
    ("network", "parameters"), [(PNet, 6_632), (RNet, 100_178), (ONet, 389_040)]
)
def test_networks_have_the_published_number_of_parameters(network, parameters):
    assert sum(parameter.numel() for parameter in network().parameters()) == parameters


@pytest.mark.parametrize(
    ("network", "name", "shape", "expected"),
    [
        (PNet, "pnet", (1, 3, 150, 150), [[0.0071], [0.1207, -0.0116, -0.1231, -0.0463]]),
        (RNet, "rnet", (73, 3, 24, 24), [[0.0055], [0.1108, -0.0038, -0.1631, -0.0890]]),
        (
            ONet,
            "onet",
            (11, 3, 48, 48),
            [
                [0.0012],
                [0.0446, -0.0968, -0.1091, -0.0212],
                [0.2429, 0.6104, 0.4074, 0.3104, 0.5939, 0.2729, 0.2132, 0.5462, 0.7863, 0.7568],
            ],
        ),
    ],
)
def test_networks_reproduce_the_published_outputs(weights, network, name, shape, expected):
    # From the comments of the original repository's mtcnn_test.py: seed 666, first cell, first
    # item, no normalisation, four decimals.
    built = network().eval()
    load_keras_arrays(built, getattr(weights, name))
    with torch.inference_mode():
        outputs = built(golden_input(shape))
    for output, values in zip(outputs, expected, strict=True):
        first = output[0].reshape(len(values), -1)[:, 0].numpy()
        np.testing.assert_allclose(first, values, atol=1e-4)


class Exploit:
    def __reduce__(self):
        return (os.getcwd, ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not an lz4 frame", "readable"),
        (lz4.frame.compress(pickle.dumps([Exploit()])), r"asks for \w+\.getcwd"),
        (lz4.frame.compress(pickle.dumps({"a": 1})), "list of arrays"),
        (lz4.frame.compress(pickle.dumps([np.zeros(3, np.float32)])), "asks for numpy"),
        (lz4.frame.compress(b""), "readable"),
    ],
    ids=["other format", "code", "other object", "ordinary array", "empty"],
)
def test_a_file_that_is_not_plain_weights_is_refused(tmp_path, paths, content, message):
    bad = tmp_path / "pnet.lz4"
    bad.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load_mtcnn_weights(bad, *paths[1:])


def test_a_truncated_file_and_an_object_array_are_refused(tmp_path, paths):
    whole = lz4.frame.decompress(paths[0].read_bytes())
    for name, content in (
        ("short.lz4", whole[:-1000]),
        ("object.lz4", whole.replace(b"\x8c\x02f4", b"\x8c\x02O8", 1)),
    ):
        bad = tmp_path / name
        bad.write_bytes(lz4.frame.compress(content))
        with pytest.raises(WeightsError, match=name):
            load_mtcnn_weights(bad, *paths[1:])


def test_weights_of_another_network_are_refused(weights):
    with pytest.raises(WeightsError, match="ONet takes 21 arrays, the file holds 16"):
        load_keras_arrays(ONet(), weights.rnet)
    with pytest.raises(WeightsError, match=r"PNet.features.0.weight needs the shape"):
        load_keras_arrays(PNet(), (weights.pnet[3], *weights.pnet[1:]))


def test_the_pyramid_ends_where_the_picture_is_smaller_than_the_window():
    # 12/20 = 0.6; 250 * 0.6 * 0.709^k >= 12 holds for k = 0 ... 7 (13.5 px; k = 8 gives 9.6).
    scales = mtcnn_boxes.pyramid_scales(250, 300, min_face_px=20, factor=0.709)
    np.testing.assert_allclose(scales, [0.6 * 0.709**k for k in range(8)])
    assert mtcnn_boxes.pyramid_scales(19, 400, min_face_px=20, factor=0.709) == []


def test_windows_map_to_the_published_boxes():
    # fix((2 * cell + 1) / s) and fix((2 * cell + 12) / s), columns are x.
    boxes = mtcnn_boxes.window_boxes(np.array([0, 3]), np.array([0, 5]), scale=0.6)
    np.testing.assert_array_equal(boxes, [[1, 1, 20, 20], [18, 11, 36, 30]])


def test_regression_counts_the_last_pixel_only_after_the_first_stage():
    boxes = np.array([[10.0, 20, 29, 49]])
    offsets = np.array([[0.1, 0.1, -0.1, 0.2]], np.float32)
    np.testing.assert_allclose(
        mtcnn_boxes.refine_proposals(boxes, offsets), [[11.9, 22.9, 27.1, 54.8]], rtol=1e-6
    )
    np.testing.assert_allclose(mtcnn_boxes.refine(boxes, offsets), [[12, 23, 27, 55]], rtol=1e-6)


def test_squares_keep_the_centre_and_lose_fractions_towards_zero():
    boxes = np.array([[10.0, 20, 20, 50.5], [-8.5, 0, 1, 4]])
    np.testing.assert_array_equal(mtcnn_boxes.square(boxes), [[0, 20, 30, 50], [-8, -2, 1, 6]])


def test_landmarks_are_fractions_of_the_box_that_the_network_saw():
    outputs = np.array([[0, 1, 0.5, 0.25, 0.75, 0, 0.1, 0.5, 1, 0.9]], np.float32)
    points = mtcnn_boxes.decode_landmarks(np.array([[11.0, 21, 30, 60]]), outputs)
    np.testing.assert_allclose(
        points[0], [[10, 20], [30, 24], [20, 40], [15, 60], [25, 56]], rtol=1e-6
    )


def test_crops_over_the_edge_are_padded_with_black():
    picture = np.full((20, 30, 3), 200, np.uint8)
    boxes = np.array([[-11.0, 1, 12, 24], [7, -3, 30, 20], [40, 40, 63, 63], [5, 5, 4, 4]])
    first, second, outside, empty = mtcnn_boxes.cut_squares(picture, boxes, size=24)
    # 24 px boxes at scale 1: the first hangs over by 12 px on the left and 4 below.
    assert first[:20, 12:].min() == 200
    assert first[:, :12].max() == first[20:].max() == 0
    assert second[:4].max() == 0
    assert second[4:].min() == 200
    assert outside.max() == empty.max() == 0


def test_crops_are_reduced_by_averaging_areas():
    picture = np.zeros((48, 48, 3), np.uint8)
    picture[::2] = 200
    (crop,) = mtcnn_boxes.cut_squares(picture, np.array([[1.0, 1, 48, 48]]), size=24)
    assert (crop == 100).all()


def test_one_box_of_a_nest_survives_the_last_suppression():
    boxes = np.array([[1.0, 1, 100, 100], [30, 30, 60, 60]])
    scores = np.array([0.9, 0.8], np.float32)
    assert mtcnn_boxes.suppress(boxes, scores, threshold=0.7).tolist() == [0, 1]
    assert mtcnn_boxes.suppress(boxes, scores, threshold=0.7, mode="min").tolist() == [0]


def test_corners_become_position_and_size():
    np.testing.assert_array_equal(
        mtcnn_boxes.to_xywh(np.array([[1.0, 1, 30, 20]])), [[0, 0, 30, 20]]
    )


def test_landmarks_come_in_the_contract_s_order_and_inside_the_box(detector):
    (found,) = detector.detect([render_face(3)])
    assert len(found) == 1
    (face,) = found
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    box = face.box
    assert (face.landmarks > [box.x, box.y]).all()
    assert (face.landmarks < [box.x + box.width, box.y + box.height]).all()
    assert face.landmarks.dtype == np.float32
    assert 0.7 < face.score <= 1.0


def test_a_batch_finds_what_single_calls_find(detector):
    pictures = [
        render_face(1),
        np.zeros((100, 80, 3), np.uint8),  # no face
        render_scene([(2, 40, 60, 160), (5, 330, 90, 130)], size_px=(640, 360)),
        render_face(4, size_px=(320, 320)),
        render_face(1),  # as large as the first: they share the levels' batches
        np.zeros((15, 900, 3), np.uint8),  # too small for any level
    ]
    together = detector.detect(pictures)
    alone = [detector.detect([picture])[0] for picture in pictures]
    assert [len(faces) for faces in together] == [1, 0, 2, 1, 1, 0]
    for several, single in zip(together, alone, strict=True):
        assert len(several) == len(single)
        for a, b in zip(several, single, strict=True):
            np.testing.assert_allclose(a.landmarks, b.landmarks, atol=1e-2)
            assert a.score == pytest.approx(b.score, abs=1e-4)


def test_scores_fall_and_boxes_follow_the_faces(detector):
    scene = render_scene([(2, 40, 60, 160), (5, 330, 90, 130)], size_px=(640, 360))
    (found,) = detector.detect([scene])
    assert [face.score for face in found] == sorted((face.score for face in found), reverse=True)
    left, right = sorted(face.box.centre[0] for face in found)
    assert 40 < left < 200
    assert 330 < right < 460


def test_the_smallest_face_wanted_is_respected(weights):
    picture = cv2.resize(render_face(3), (96, 72), interpolation=cv2.INTER_AREA)
    assert len(MtcnnDetector(weights, min_face_px=20).detect([picture])[0]) == 1
    assert MtcnnDetector(weights, min_face_px=70).detect([picture]) == [[]]


def test_no_pictures_give_no_lists(detector):
    assert detector.detect([]) == []


@pytest.mark.parametrize(
    "picture",
    [np.zeros((50, 50), np.uint8), np.zeros((50, 50, 4), np.uint8), np.zeros((50, 50, 3))],
    ids=["grey", "with alpha", "float"],
)
def test_a_picture_of_another_kind_is_named(detector, picture):
    with pytest.raises(ValueError, match="uint8 RGB"):
        detector.detect([picture])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_face_px": 11}, "min_face_px"),
        ({"factor": 1.0}, "factor"),
        ({"threads": -1}, "threads"),
        ({"thresholds": (0.6, 0.7, 1.7)}, "thresholds"),
    ],
)
def test_parameters_out_of_range_are_named(weights, options, message):
    with pytest.raises(ValueError, match=message):
        MtcnnDetector(weights, **options)


def test_the_processs_thread_count_is_put_back(weights, monkeypatch):
    used = []
    original = MtcnnDetector._run
    monkeypatch.setattr(
        MtcnnDetector,
        "_run",
        lambda *args: used.append(torch.get_num_threads()) or original(*args),
    )
    before = torch.get_num_threads()
    picture = np.zeros((40, 40, 3), np.uint8)
    try:
        torch.set_num_threads(2)
        MtcnnDetector(weights).detect([picture])
        assert set(used) == {1}
        assert torch.get_num_threads() == 2
        used.clear()
        MtcnnDetector(weights, threads=0).detect([picture])
        assert set(used) == {2}
    finally:
        torch.set_num_threads(before)


def test_a_gpu_that_is_not_there_is_an_error(weights, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match="no GPU"):
        MtcnnDetector(weights, device="cuda")


@pytest.mark.realdata
def test_no_face_is_missed_on_labelled_faces_in_the_wild(detector):
    photos = sorted((real_photos("lfw") / "images").rglob("*.jpg"))[::100]
    missed = []
    for photo in photos:
        picture = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB)
        faces = detector.detect([picture])[0]
        # The funneled photos hold their subject in the middle.
        if not any(np.hypot(*(np.array(face.box.centre) - 125)) < 40 for face in faces):
            missed.append(photo.name)
    assert missed == []
