"""Landmarks of many cells made into one, and the second look: closer, and blind to nobody's tilt."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.alignment import ARCFACE_TEMPLATE_112
from recognition.decision import main_face_order
from recognition.detection.second_look import LandmarkRefiner, agreed_landmarks
from recognition.device import choose_device
from recognition.geometry import fit_similarity
from recognition.images import decode_image
from recognition.runtime import NetworkSpec, float_graph, open_network
from tests.realdata import real_photos

FACE = ARCFACE_TEMPLATE_112.astype(np.float32)


def test_cells_that_agree_are_averaged_by_the_square_of_their_score():
    cells = np.stack([FACE, FACE + 3.0, FACE + 100.0])
    mean = agreed_landmarks(cells, np.array([0.9, 0.6, 0.8]), best=0, reach_px=10.0)
    np.testing.assert_allclose(mean, FACE + 3.0 * 0.36 / (0.81 + 0.36), rtol=1e-6)


def test_another_face_is_not_mixed_in_however_certain_it_is():
    cells = np.stack([FACE, FACE + 60.0])
    mean = agreed_landmarks(cells, np.array([0.5, 0.99]), best=0, reach_px=10.0)
    np.testing.assert_array_equal(mean, FACE)


@given(
    shifts=st.lists(st.floats(-5, 5), min_size=1, max_size=20),
    scores=st.lists(st.floats(0.0, 1.0), min_size=20, max_size=20),
)
@settings(deadline=None)
def test_the_mean_lies_among_the_cells(shifts, scores):
    cells = FACE + np.array(shifts, np.float32)[:, None, None]
    mean = agreed_landmarks(cells, np.array(scores[: len(shifts)]), best=0, reach_px=100.0)
    assert (mean >= cells.min(axis=0) - 1e-3).all()
    assert (mean <= cells.max(axis=0) + 1e-3).all()


@pytest.mark.parametrize(
    ("cells", "scores", "best"),
    [(FACE, [0.9], 0), (FACE[None], [0.9, 0.8], 0), (FACE[None], [0.9], 1)],
    ids=["one face without its cell axis", "a score too many", "best is no row"],
)
def test_shapes_that_do_not_fit_are_named(cells, scores, best):
    with pytest.raises(ValueError, match=r"expected landmarks \(K, 5, 2\)"):
        agreed_landmarks(cells, np.array(scores), best=best, reach_px=1.0)


class Told:
    """A network whose cells see the same points, in crop pixels, in the crop and in its mirror."""

    precision = device = ""

    def __init__(self, points, *, score=0.9):
        self.points, self.score = np.asarray(points, np.float64), score
        self.shapes = []

    def run(self, pictures):
        self.shapes.append(pictures.shape)
        count, side = len(pictures), pictures.shape[1]
        answer = {}
        for part, width in (("cls", 1), ("obj", 1), ("kps", 10)):
            answer[f"{part}_32"] = np.zeros((count, (side // 32) ** 2, width), np.float32)
        mirrored = self.points * (-1, 1) + (side - 1, 0)
        for row in range(count):
            seen = self.points if row < count // 2 else mirrored[[1, 0, 2, 4, 3]]
            cell = 5 * (side // 32) + 3
            answer["cls_32"][row, cell] = answer["obj_32"][row, cell] = self.score
            answer["kps_32"][row, cell] = (seen / 32 - (3, 5)).ravel()
        return answer


def in_the_crop(points):
    """Where ``points`` of a picture land in the second look at a face that lies on FACE."""
    looked_at = (FACE - (56, 70)) * 96 / np.hypot(*(FACE[1] - FACE[0])) + 128
    move = fit_similarity(FACE, looked_at)
    return points @ move[:, :2].T + move[:, 2]


PICTURE = np.zeros((112, 112, 3), np.uint8)


def test_what_the_second_look_sees_comes_back_in_the_pictures_pixels():
    truth = FACE + np.array([[1, 0], [2, 1], [0, -1], [1, 1], [-1, 2]], np.float32)
    network = Told(in_the_crop(truth))
    (refined,) = LandmarkRefiner(network).refine([PICTURE], [FACE])
    np.testing.assert_allclose(refined, truth, atol=1e-3)
    assert refined.dtype == np.float32
    assert network.shapes == [(2, 256, 256, 3)]


@pytest.mark.parametrize(
    "network",
    [Told(in_the_crop(FACE + 40)), Told(in_the_crop(FACE), score=0.2)],
    ids=["the second look sees a neighbour", "the second look is not sure"],
)
def test_a_face_that_is_not_found_again_keeps_its_landmarks(network):
    (refined,) = LandmarkRefiner(network).refine([PICTURE], [FACE])
    np.testing.assert_array_equal(refined, FACE)


def test_landmarks_that_no_similarity_fits_are_left_alone_and_spoil_nothing_beside_them():
    truth = FACE + 1
    pictures, faces = [PICTURE, PICTURE], [np.zeros((5, 2), np.float32), FACE]
    nothing, refined = LandmarkRefiner(Told(in_the_crop(truth))).refine(pictures, faces)
    np.testing.assert_array_equal(nothing, faces[0])
    np.testing.assert_allclose(refined, truth, atol=1e-3)


def test_no_faces_run_no_network():
    network = Told(FACE)
    assert LandmarkRefiner(network).refine([], []) == []
    assert network.shapes == []


def test_every_face_needs_its_picture():
    with pytest.raises(ValueError, match="1 pictures came with 2 faces"):
        LandmarkRefiner(Told(FACE)).refine([PICTURE], [FACE, FACE])


@pytest.fixture(scope="module")
def yunet(cache_dir):
    spec = NetworkSpec(float_graph("yunet-2023mar", cache_dir=cache_dir), channel_order="bgr")
    return open_network(spec, choose_device("cpu", "f32"), cache_dir=cache_dir)


def tilt(points):
    (left_x, left_y), (right_x, right_y) = points[:2]
    return np.degrees(np.arctan2(right_y - left_y, right_x - left_x))


def test_a_tilted_head_is_seen_as_tilted_as_it_is(yunet, f32_engine):
    """YuNet answers 5 degrees for 16 where faces are small; the second look must mend that."""
    files = sorted((real_photos("lfw_small")).rglob("*.jpg"))[:48:4]
    turn = cv2.getRotationMatrix2D((125, 125), -20, 0.7)  # clockwise, eyes about 30 px apart
    first_error, second_error = [], []
    for file in files:
        level = decode_image(file.read_bytes()).picture
        tilted = cv2.warpAffine(level, turn, (250, 250))
        points = []
        for picture in (level, tilted):
            found = f32_engine.detect([picture])[0]
            order = main_face_order([f.box for f in found], width_px=250, height_px=250)
            points.append(found[order[0]].landmarks)
        better = LandmarkRefiner(yunet).refine([level, tilted], points)
        first_error.append(tilt(points[1]) - tilt(points[0]) - 20)
        second_error.append(tilt(better[1]) - tilt(better[0]) - 20)
    assert abs(np.median(second_error)) < 4
    assert np.median(np.abs(second_error)) < 0.6 * np.median(np.abs(first_error))
