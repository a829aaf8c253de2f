"""SFace: golden vectors, unit length, flip fusion, and refusals."""

import json

import cv2
import numpy as np
import pytest

from recognition.alignment import align_faces
from recognition.embedding.network_embedder import NetworkEmbedder
from recognition.errors import ModelRejected
from recognition.weights import entry, verified_path
from tests.recognition.conftest import ASSETS


def sface(network, *, flip_fusion):
    return NetworkEmbedder(network, item=entry("sface-2021dec"), flip_fusion=flip_fusion)


@pytest.fixture(scope="module")
def golden():
    return json.loads((ASSETS / "golden_face.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def aligned(golden, golden_picture):
    return align_faces(golden_picture, [np.array(golden["landmarks"], np.float32)])


@pytest.fixture(scope="module")
def network(f32_engine):
    return f32_engine._embedder._network


@pytest.mark.parametrize(("flip", "field"), [(False, "vector_plain"), (True, "vector_flip")])
def test_golden_vectors(network, aligned, golden, flip, field):
    (vector,) = sface(network, flip_fusion=flip).embed(aligned)
    np.testing.assert_allclose(vector, golden[field], atol=1e-3)


def test_the_plain_vector_is_opencvs(network, aligned):
    # OpenCV's FaceRecognizerSF turns BGR into RGB itself: an independent reading of the same file.
    reference = cv2.FaceRecognizerSF.create(str(verified_path("sface-2021dec")), "")
    expected = reference.feature(np.ascontiguousarray(aligned[0][..., ::-1]))[0]
    (vector,) = sface(network, flip_fusion=False).embed(aligned)
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-3)


def test_rows_are_unit_vectors_in_the_order_given(network):
    faces = np.random.default_rng(3).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8)
    embedder = sface(network, flip_fusion=True)
    vectors = embedder.embed(faces)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(vectors[3], embedder.embed(faces[3:4])[0], atol=1e-4)


def test_flip_fusion_cannot_tell_a_face_from_its_mirror_image(network, aligned):
    mirrored = np.ascontiguousarray(aligned[:, :, ::-1])
    fused = sface(network, flip_fusion=True)
    np.testing.assert_allclose(fused.embed(aligned), fused.embed(mirrored), atol=1e-5)
    plain = sface(network, flip_fusion=False)
    assert np.abs(plain.embed(aligned) - plain.embed(mirrored)).max() > 1e-3


def test_no_faces_give_no_vectors(network):
    embedder = sface(network, flip_fusion=True)
    assert embedder.embed(np.zeros((0, 112, 112, 3), np.uint8)).shape == (0, 128)


def test_the_space_names_model_weights_and_preprocessing(network):
    space = sface(network, flip_fusion=True).space
    assert (space.model_id, space.dimension) == ("sface-2021dec", 128)
    assert space.weights_sha256.startswith("fb143eea")
    assert space.preprocessing


@pytest.mark.parametrize(
    "faces",
    [np.zeros((1, 112, 112, 3), np.float32), np.zeros((1, 96, 112, 3), np.uint8)],
    ids=["floats", "wrong size"],
)
def test_wrong_crops_are_refused(network, faces):
    with pytest.raises(ValueError, match=r"\(N, 112, 112, 3\) uint8"):
        sface(network, flip_fusion=False).embed(faces)


class Fixed:
    """A network that answers the same whatever it sees."""

    precision = device = ""

    def __init__(self, answer):
        self.answer = answer

    def run(self, pictures):
        return {"fc1": self.answer}


@pytest.mark.parametrize(
    "answer",
    [np.zeros((1, 128)), np.full((1, 128), np.nan), np.full((1, 128), np.inf), np.ones((1, 64))],
    ids=["zero vector", "not a number", "overflow", "another dimension"],
)
def test_a_network_that_answers_nonsense_is_rejected(answer):
    with pytest.raises(ModelRejected):
        sface(Fixed(answer.astype(np.float32)), flip_fusion=False).embed(
            np.zeros((1, 112, 112, 3), np.uint8)
        )
