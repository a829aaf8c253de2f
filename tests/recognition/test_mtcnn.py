"""MTCNN: published golden values, the arithmetic between the networks, and real photos."""

import math
import os
import pickle

import cv2
import lz4.frame
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recognition.detection import build_detector, mtcnn_boxes
from recognition.detection.mtcnn import MtcnnDetector
from recognition.detection.mtcnn_cascade import open_cascade
from recognition.detection.mtcnn_networks import ONet, PNet, RNet, load_keras_arrays
from recognition.detection.mtcnn_options import MtcnnOptions
from recognition.detection.mtcnn_torch import TorchCascade
from recognition.detection.mtcnn_weights import (
    MtcnnWeights,
    load_mtcnn_weights,
    read_mtcnn_weights,
    save_mtcnn_weights,
)
from recognition.device import choose_device
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


@pytest.fixture(scope="module")
def cascades(weights):
    """The same networks in both runtimes; two threads, so that answers may come out of order."""
    return [
        open_cascade(weights, runtime=runtime, device="cpu", threads=2)
        for runtime in ("openvino", "torch")
    ]


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
    with pytest.raises(WeightsError, match="onet takes 21 arrays, the file holds 16"):
        MtcnnWeights(weights.pnet, weights.rnet, weights.rnet)
    with pytest.raises(WeightsError, match=r"pnet's array 0 must be \(3, 3, 3, 10\) float32"):
        MtcnnWeights((weights.pnet[3], *weights.pnet[1:]), weights.rnet, weights.onet)
    with pytest.raises(WeightsError, match="ONet takes 21 arrays, the file holds 16"):
        load_keras_arrays(ONet(), weights.rnet)
    with pytest.raises(WeightsError, match=r"PNet.features.0.weight needs the shape"):
        load_keras_arrays(PNet(), (weights.pnet[3], *weights.pnet[1:]))


def test_weights_survive_our_own_file_bit_by_bit(weights, tmp_path):
    save_mtcnn_weights(weights, tmp_path / "own.safetensors")
    again = read_mtcnn_weights(tmp_path / "own.safetensors")
    for network in ("pnet", "rnet", "onet", "lnet"):
        before, after = getattr(weights, network), getattr(again, network)
        assert len(before) == len(after)
        for a, b in zip(before, after, strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_owners_file_is_used_in_place_of_the_published_weights(weights, tmp_path):
    blind = tuple(np.zeros_like(array) for array in weights.onet)  # says 0.5 to every crop
    save_mtcnn_weights(MtcnnWeights(weights.pnet, weights.rnet, blind), tmp_path / "own")
    detectors = [
        build_detector(
            "mtcnn",
            choice=choose_device("cpu", "f32"),
            threshold=0.7,
            min_face_px=20,
            mtcnn_weights=file,
        )
        for file in (None, tmp_path / "own")
    ]
    assert [len(detector.detect([render_face(3)])[0]) for detector in detectors] == [1, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "not a readable"), (b"\x80\x04N.", "not a readable")],
    ids=["empty", "a pickle"],
)
def test_a_file_that_is_not_ours_is_refused(tmp_path, content, message):
    (tmp_path / "own").write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        read_mtcnn_weights(tmp_path / "own")
    with pytest.raises(WeightsError, match="not a readable"):
        read_mtcnn_weights(tmp_path / "absent")


def test_a_safetensors_file_of_another_kind_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "other")
    with pytest.raises(WeightsError, match="of another kind"):
        read_mtcnn_weights(tmp_path / "other")


def test_both_runtimes_propose_the_same_windows_at_every_size(cascades):
    # odd sides end in a half pooling window; 12 px give a single cell
    rng = np.random.default_rng(5)
    sizes = [(12, 12), (13, 12), (27, 40), (38, 53), (150, 107)]
    batches = [rng.integers(0, 256, (n + 1, *size, 3), np.uint8) for n, size in enumerate(sizes)]
    ours, reference = (cascade.propose(batches, threshold=0.001) for cascade in cascades)
    for batch, a, b in zip(batches, ours, reference, strict=True):
        cells = [math.ceil((side - 2) / 2) - 4 for side in batch.shape[1:3]]
        assert len(b.scores) > 0.5 * len(batch) * cells[0] * cells[1]
        for part in ("owners", "rows", "columns"):
            np.testing.assert_array_equal(getattr(a, part), getattr(b, part))
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-5)
        np.testing.assert_allclose(a.offsets, b.offsets, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 16, 23])
def test_both_runtimes_judge_crops_the_same_in_any_number(cascades, count):
    rng = np.random.default_rng(count)
    for stage, side in (("refine", 24), ("output", 48)):
        crops = rng.integers(0, 256, (count, side, side, 3), np.uint8)
        ours, reference = (getattr(cascade, stage)(crops) for cascade in cascades)
        for a, b in zip(ours, reference, strict=True):
            assert a.shape == b.shape
            assert len(a) == count
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_both_runtimes_find_the_same_faces(weights, detector):
    scene = render_scene([(2, 40, 60, 160), (5, 330, 90, 130)], size_px=(640, 360))
    (ours,) = detector.detect([scene])
    (reference,) = MtcnnDetector(weights, runtime="torch").detect([scene])
    assert len(ours) == len(reference) == 2
    for a, b in zip(ours, reference, strict=True):
        np.testing.assert_allclose(a.landmarks, b.landmarks, atol=1e-2)
        assert a.score == pytest.approx(b.score, abs=1e-4)


def test_openvino_runs_on_a_processor_only(weights):
    with pytest.raises(ValueError, match="choose torch"):
        open_cascade(weights, runtime="openvino", device="cuda", threads=1)


def test_the_pyramid_ends_where_the_picture_is_smaller_than_the_window():
    # 12/20 = 0.6; 250 * 0.6 * 0.709^k >= 12 holds for k = 0 ... 7 (13.5 px; k = 8 gives 9.6).
    scales = MtcnnOptions().scales(250, 300)
    np.testing.assert_allclose(scales, [0.6 * 0.709**k for k in range(8)])
    assert MtcnnOptions().scales(19, 400) == []


@given(
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.integers(12, 200),
    st.floats(0.3, 0.95, allow_nan=False),
)
def test_the_pyramid_is_every_power_of_the_factor_that_still_holds_a_window(h, w, least, factor):
    scales = MtcnnOptions(min_face_px=least, factor=factor).scales(h, w)
    expected, k = [], 0
    while min(h, w) * (12 / least) * factor**k >= 12 * (1 - 1e-12):
        expected.append((12 / least) * factor**k)
        k += 1
    # repeated multiplication may round the last one away
    assert len(expected) - len(scales) in {0, 1} if expected else not scales
    np.testing.assert_allclose(scales, expected[: len(scales)], rtol=1e-9)


@pytest.mark.parametrize(
    ("ratio", "size", "expected_px"),
    [
        (None, (1000, 400), 20),
        (0.1, (1000, 400), 40),  # of the shorter side
        (0.1, (90, 80), 12),  # never below the window
        (1.0, (90, 80), 80),
    ],
)
def test_the_smallest_face_may_be_a_share_of_the_picture(ratio, size, expected_px):
    options = MtcnnOptions(min_face_ratio=ratio)
    assert options.smallest_face_px(*size) == expected_px
    assert options.scales(*size)[0] == pytest.approx(12 / expected_px)


def test_windows_map_to_the_published_boxes():
    # fix((2 * cell + 1) / s) and fix((2 * cell + 12) / s), columns are x.
    cells = np.array([[0, 0], [5, 3], [5, 3]])
    boxes = mtcnn_boxes.window_boxes(cells, np.array([0.6, 0.6, 0.3]))
    np.testing.assert_array_equal(boxes, [[1, 1, 20, 20], [18, 11, 36, 30], [36, 23, 73, 60]])


def inclusive_overlap(a, b):
    """Oracle: the published formula, areas with the last pixel in them."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    shared = max(width, 0) * max(height, 0)
    areas = [(c[2] - c[0] + 1) * (c[3] - c[1] + 1) for c in (a, b)]
    return shared, areas


def published_suppression(boxes, scores, *, threshold, mode):
    kept = []
    for i in sorted(range(len(boxes)), key=lambda n: (-scores[n], n)):
        for k in kept:
            shared, areas = inclusive_overlap(boxes[k], boxes[i])
            whole = min(areas) if mode == "min" else sum(areas) - shared
            if shared / whole > threshold:
                break
        else:
            kept.append(i)
    return kept


corner_boxes = st.integers(0, 12).flatmap(
    lambda n: hnp.arrays(np.int64, (n, 4), elements=st.integers(0, 15))
)


@given(
    corner_boxes, st.sampled_from([0.5, 0.7]), st.sampled_from(["union", "min"]), st.integers(1, 3)
)
def test_both_suppressions_keep_what_the_published_rule_keeps(raw, threshold, mode, groups):
    boxes = np.concatenate([raw[:, :2], raw[:, :2] + raw[:, 2:]], axis=1).astype(np.float64)
    scores = ((np.arange(len(boxes)) * 7 % 5) / 5).astype(np.float32)  # with ties
    kept = mtcnn_boxes.suppress(boxes, scores, threshold=threshold, mode=mode)
    assert kept.tolist() == published_suppression(boxes, scores, threshold=threshold, mode=mode)

    counts = [len(part) for part in np.array_split(boxes, groups)]
    within = mtcnn_boxes.suppress_within(boxes, scores, counts=counts, threshold=threshold)
    expected = set()
    for members in np.array_split(np.arange(len(boxes)), groups):
        own = published_suppression(
            boxes[members], scores[members], threshold=threshold, mode="union"
        )
        expected |= set(members[own].tolist())
    assert set(within.tolist()) == expected
    assert len(within) == len(expected)


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


@given(
    hnp.arrays(np.float64, (3, 4), elements=st.integers(-50, 50).map(float)),
    hnp.arrays(np.float32, (3, 10), elements=st.floats(0, 1, width=32)),
)
def test_landmarks_equal_the_published_formula_for_every_point(boxes, outputs):
    points = mtcnn_boxes.decode_landmarks(boxes, outputs)
    for i, (x1, y1, x2, y2) in enumerate(boxes):
        for k in range(5):
            x = (x2 - x1 + 1) * outputs[i, k] + x1 - 1
            y = (y2 - y1 + 1) * outputs[i, k + 5] + y1 - 1
            np.testing.assert_allclose(points[i, k], [x, y], atol=1e-3)


@given(*[st.integers(-9, 24) for _ in range(4)])
def test_windows_over_the_edge_equal_pixel_by_pixel_padding(x1, y1, width, height):
    picture = np.random.default_rng(1).integers(1, 256, (12, 17, 3), np.uint8)
    x2, y2 = x1 + width - 1, y1 + height - 1
    window = mtcnn_boxes.cut_window(picture, x1, y1, x2, y2)
    expected = np.zeros((max(height, 0), max(width, 0), 3), np.uint8)
    for row in range(expected.shape[0]):
        for column in range(expected.shape[1]):
            y, x = y1 - 1 + row, x1 - 1 + column  # corners count from 1
            if 0 <= y < 12 and 0 <= x < 17:
                expected[row, column] = picture[y, x]
    if window is None:
        assert not expected.any()
    else:
        np.testing.assert_array_equal(window, expected)


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
            sides = [(f.box.x, f.box.y, f.box.width, f.box.height) for f in (a, b)]
            np.testing.assert_allclose(*sides, atol=1e-2)
            np.testing.assert_allclose(a.landmarks, b.landmarks, atol=1e-2)
            assert a.score == pytest.approx(b.score, abs=1e-4)


def test_a_batch_is_one_pass_of_the_second_and_the_third_network(detector, monkeypatch):
    passes = []
    for stage in ("refine", "output"):
        original = getattr(detector._cascade, stage)

        def counted(crops, *, stage=stage, original=original):
            passes.append((stage, len(crops)))
            return original(crops)

        monkeypatch.setattr(detector._cascade, stage, counted)
    pictures = [render_face(1), render_face(2, size_px=(200, 200)), render_face(1)]
    detector.detect(pictures)
    assert [stage for stage, _ in passes] == ["refine", "output"]
    together = [count for _, count in passes]
    passes.clear()
    for picture in pictures:
        detector.detect([picture])
    assert together == [sum(n for stage, n in passes if stage == s) for s in ("refine", "output")]


def test_scores_fall_and_boxes_follow_the_faces(detector):
    scene = render_scene([(2, 40, 60, 160), (5, 330, 90, 130)], size_px=(640, 360))
    (found,) = detector.detect([scene])
    assert [face.score for face in found] == sorted((face.score for face in found), reverse=True)
    left, right = sorted(face.box.centre[0] for face in found)
    assert 40 < left < 200
    assert 330 < right < 460


def test_the_smallest_face_wanted_is_respected(weights):
    picture = cv2.resize(render_face(3), (96, 72), interpolation=cv2.INTER_AREA)
    for options, count in (
        (MtcnnOptions(min_face_px=20), 1),
        (MtcnnOptions(min_face_px=70), 0),
        (MtcnnOptions(min_face_ratio=0.98), 0),
    ):
        assert len(MtcnnDetector(weights, options=options).detect([picture])[0]) == count


def test_no_pictures_give_no_lists(detector):
    assert detector.detect([]) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_face_px": 11}, "min_face_px"),
        ({"min_face_ratio": 0.0}, "min_face_ratio"),
        ({"min_face_ratio": 1.1}, "min_face_ratio"),
        ({"factor": 1.0}, "factor"),
        ({"factor": math.nan}, "factor"),
        ({"thresholds": (0.6, 0.7, 1.7)}, "thresholds"),
        ({"thresholds": (0.6, 0.7)}, "thresholds"),
    ],
)
def test_options_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        MtcnnOptions(**options)


def test_a_negative_number_of_threads_is_refused(weights):
    with pytest.raises(ValueError, match="threads"):
        MtcnnDetector(weights, threads=-1)


def test_torch_s_thread_count_which_is_the_process_s_is_put_back(weights, monkeypatch):
    used = []
    original = TorchCascade._normalised
    monkeypatch.setattr(
        TorchCascade,
        "_normalised",
        lambda *args: used.append(torch.get_num_threads()) or original(*args),
    )
    before = torch.get_num_threads()
    picture = np.zeros((40, 40, 3), np.uint8)
    try:
        torch.set_num_threads(2)
        MtcnnDetector(weights, runtime="torch", threads=1).detect([picture])
        assert set(used) == {1}
        assert torch.get_num_threads() == 2
        used.clear()
        MtcnnDetector(weights, runtime="torch", threads=0).detect([picture])
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
