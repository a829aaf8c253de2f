"""MTCNN's fourth network: its patches by brute force, what moves a landmark and what does not."""

import cv2
import numpy as np
import pytest
import torch

from recognition.detection.mtcnn import MtcnnDetector
from recognition.detection.mtcnn_lnet import LandmarkRefiner, LNet, cut_patches, move_landmarks
from recognition.detection.mtcnn_weights import SHAPES, MtcnnWeights, load_mtcnn_weights
from recognition.errors import WeightsError
from recognition.weights import verified_path
from tests.faces import render_face


def lnet_that_says(fractions):
    """Weights of zeros but for the last biases: every patch is answered by these ``(5, 2)``."""
    arrays = [np.zeros(shape, np.float32) for shape in SHAPES["lnet"]]
    last = [n for n, shape in enumerate(SHAPES["lnet"]) if shape == (2,)]
    for number, fraction in zip(last, fractions, strict=True):
        arrays[number] = np.array(fraction, np.float32)
    return tuple(arrays)


@pytest.fixture(scope="module")
def published():
    return load_mtcnn_weights(*(verified_path(f"mtcnn-{n}") for n in ("pnet", "rnet", "onet")))


def test_the_network_has_the_size_that_its_layers_add_up_to():
    assert sum(p.numel() for p in LNet().parameters()) == 948_102
    assert sum(int(np.prod(shape)) for shape in SHAPES["lnet"]) == 948_102


def test_each_patch_has_its_own_convolutions_and_all_share_one_layer():
    torch.manual_seed(1)
    network = LNet().eval()
    patches = torch.rand(2, 15, 24, 24)
    with torch.inference_mode():
        before = network(patches)
        assert before.shape == (2, 5, 2)
        features = [part(patches[:, 3 * i : 3 * i + 3]) for i, part in enumerate(network.patches)]
        assert {tuple(feature.shape) for feature in features} == {(2, 64, 3, 3)}
        patches[:, 3:6] = 0  # the right eye's patch: every point is told
        assert (network(patches) != before).all()


@pytest.mark.parametrize(
    ("fraction", "moved"),
    [
        ((0.5, 0.5), (0.0, 0.0)),  # the centre
        ((0.75, 0.25), (0.25, -0.25)),
        ((0.84, 0.16), (0.34, -0.34)),  # as far as it may
        ((0.9, 0.5), (0.0, 0.0)),  # too far in x
        ((0.9, 0.6), (0.0, 0.0)),  # too far in x: y stays with it
        ((0.6, 0.1), (0.0, 0.0)),  # too far in y
        ((0.86, 0.5), (0.0, 0.0)),  # just beyond 0.35
    ],
)
def test_an_offset_moves_its_landmark_by_its_share_of_the_patch(fraction, moved):
    landmarks = np.random.default_rng(3).uniform(0, 99, (2, 5, 2)).astype(np.float32)
    fractions = np.full((2, 5, 2), 0.5, np.float32)
    fractions[1, 3] = fraction
    sides = np.array([20.0, 36.0])
    expected = landmarks.copy()
    expected[1, 3] += np.array(moved, np.float32) * 36
    np.testing.assert_allclose(move_landmarks(landmarks, fractions, sides), expected, atol=1e-4)


def test_patches_equal_a_loop_over_the_published_rule():
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (90, 110, 3), np.uint8)
    boxes = np.array([[11.0, 21, 60, 84], [-5.0, 40, 30.5, 95.2], [70, 1, 108, 40]])
    landmarks = rng.uniform(-10, 115, (3, 5, 2)).astype(np.float32)
    patches, sides = cut_patches(picture, boxes, landmarks)
    for face, (x1, y1, x2, y2) in enumerate(boxes):
        side = int(0.25 * max(x2 - x1 + 1, y2 - y1 + 1))
        side += side % 2
        assert sides[face] == side
        for point, (px, py) in enumerate(landmarks[face].astype(np.float64)):
            first_x, first_y = int(px - side / 2), int(py - side / 2)
            window = np.zeros((side + 1, side + 1, 3), np.uint8)
            for row in range(side + 1):
                for column in range(side + 1):
                    y, x = first_y + row - 1, first_x + column - 1  # counted from 1
                    if 0 <= y < 90 and 0 <= x < 110:
                        window[row, column] = picture[y, x]
            np.testing.assert_array_equal(
                patches[face, point],
                cv2.resize(window, (24, 24), interpolation=cv2.INTER_LINEAR),
            )


def test_the_detector_moves_its_landmarks_as_the_network_says(published):
    picture = render_face(3)
    (plain,) = MtcnnDetector(published).detect([picture])[0]
    says = [(0.6, 0.4), (0.5, 0.5), (0.95, 0.5), (0.5, 0.7), (0.3, 0.3)]
    extended = MtcnnWeights(published.pnet, published.rnet, published.onet, lnet_that_says(says))
    (moved,) = MtcnnDetector(extended).detect([picture])[0]
    assert moved.box == plain.box
    side = int(0.25 * max(plain.box.width, plain.box.height))
    side += side % 2
    expected = plain.landmarks + side * np.array(
        [(0.1, -0.1), (0, 0), (0, 0), (0, 0.2), (-0.2, -0.2)], np.float32
    )
    np.testing.assert_allclose(moved.landmarks, expected, atol=1e-3)
    assert MtcnnDetector(extended).detect([np.zeros((40, 40, 3), np.uint8)]) == [[]]


def test_the_network_sees_normalised_upright_patches_in_the_landmarks_order(monkeypatch):
    seen = []
    original = LNet.forward
    monkeypatch.setattr(LNet, "forward", lambda self, x: seen.append(x) or original(self, x))
    refiner = LandmarkRefiner(lnet_that_says([(0.5, 0.5)] * 5))
    picture = np.zeros((80, 80, 3), np.uint8)
    picture[:40, :, 0], picture[40:, :, 1] = 255, 255  # red above, green below
    landmarks = np.array([[[20, 20], [60, 20], [40, 60], [20, 70], [60, 40.5]]], np.float32)
    refiner.refine(picture, np.array([[1.0, 1, 80, 80]]), landmarks)
    (stack,) = seen
    assert stack.shape == (1, 15, 24, 24)
    high, low = (255 - 127.5) / 128, -127.5 / 128
    assert stack[0, 0].unique().tolist() == pytest.approx([high])  # red at the left eye
    assert stack[0, 6].unique().tolist() == pytest.approx([low])  # none at the nose
    assert stack[0, 7].unique().tolist() == pytest.approx([high])  # green there
    border = stack[0, 12]  # red at the right corner of the mouth: above only
    assert border[0].unique().tolist() == pytest.approx([high])
    assert border[-1].unique().tolist() == pytest.approx([low])


def test_weights_that_do_not_fit_are_refused(published):
    with pytest.raises(WeightsError, match="LNet takes"):
        LandmarkRefiner(published.onet)
