"""Centring: what all faces share is taken away, from the weights' own mean or from a site's people."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from recognition.errors import IndexMismatch, ModelRejected
from recognition.geometry.centring import centred, site_mean
from recognition.models.mean import network_mean
from recognition.runtime import float_graph

NOUGHT = np.zeros(32)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def crowd(count, *, seed, shared=0.5):
    """Unit vectors in 32 dimensions that all lean to one side."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, 32))
    rows[:, 0] += shared * 32**0.5
    return unit(rows)


def test_centred_vectors_are_unit_vectors_that_no_longer_lean():
    vectors = crowd(500, seed=1)
    mean = vectors.mean(axis=0)
    moved = centred(vectors, mean=mean)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1.0, atol=1e-6)
    assert np.linalg.norm(mean) > 0.4
    assert np.linalg.norm(moved.mean(axis=0)) < 0.03


def test_centring_on_nothing_changes_nothing():
    vectors = crowd(5, seed=2)
    np.testing.assert_allclose(centred(vectors, mean=np.zeros(32)), vectors, atol=1e-6)


def test_strangers_of_a_leaning_crowd_come_to_score_nought_on_average():
    vectors = crowd(300, seed=3)
    others = crowd(300, seed=4)
    moved = centred(vectors, mean=site_mean(others, prior=NOUGHT, prior_people=1))
    off_diagonal = ~np.eye(300, dtype=bool)
    assert (vectors @ vectors.T)[off_diagonal].mean() > 0.15
    assert abs((moved @ moved.T)[off_diagonal].mean()) < 0.01


@given(count=st.integers(0, 60), people=st.floats(0.1, 200))
def test_the_prior_counts_for_as_many_people_as_it_is_said_to(count, people):
    enrolled, prior = crowd(60, seed=5)[:count], np.full(32, 0.1)
    expected = (enrolled.sum(axis=0) + people * prior) / (count + people)
    np.testing.assert_allclose(
        site_mean(enrolled, prior=prior, prior_people=people), expected, atol=1e-5
    )


def test_a_site_without_people_has_the_priors_mean():
    prior = np.linspace(-0.1, 0.1, 32)
    mean = site_mean(np.empty((0, 32), np.float32), prior=prior)
    np.testing.assert_allclose(mean, prior, atol=1e-7)
    assert mean.dtype == np.float32


def test_one_person_alone_is_not_taken_for_the_crowd():
    person = crowd(1, seed=6)
    np.testing.assert_allclose(
        centred(person, mean=site_mean(person, prior=NOUGHT)), person, atol=1e-6
    )


@pytest.mark.parametrize(
    "mean", [np.zeros(31), np.zeros((1, 32)), np.float32(0)], ids=["short", "a row", "a number"]
)
def test_a_mean_of_another_shape_is_refused(mean):
    with pytest.raises(IndexMismatch, match="cannot be centred"):
        centred(crowd(2, seed=7), mean=mean)


def test_a_vector_that_is_the_mean_has_no_direction_left():
    person = crowd(1, seed=8)
    with pytest.raises(IndexMismatch, match="equals the mean"):
        centred(person, mean=person[0])


@pytest.mark.parametrize(
    ("templates", "prior"),
    [(np.zeros(32, np.float32), NOUGHT), (np.zeros((2, 32), np.float32), np.zeros(31))],
    ids=["one vector without its row", "a shorter prior"],
)
def test_templates_and_prior_must_fit(templates, prior):
    with pytest.raises(IndexMismatch, match=r"expected \(N, D\) and \(D,\)"):
        site_mean(templates, prior=prior)


@pytest.mark.parametrize("people", [0.0, -1.0, np.nan])
def test_a_prior_of_nobody_is_refused(people):
    with pytest.raises(ValueError, match="a positive number"):
        site_mean(crowd(1, seed=9), prior=NOUGHT, prior_people=people)


def graph(tmp_path, *, last, gamma=(1, 1, 1), beta=(0, 0, 0)):
    """A network of one layer, or of one and a batch normalisation."""
    stored = {"gamma": gamma, "beta": beta, "mean": [5, 5, 5], "variance": [9, 9, 9]}
    nodes = [helper.make_node("Relu", ["x"], ["hidden"])]
    names = [*stored] if last == "BatchNormalization" else []
    nodes.append(helper.make_node(last, ["hidden", *names], ["answer"]))
    body = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(np.array(v, np.float32), n) for n, v in stored.items()],
    )
    path = tmp_path / "network.onnx"
    onnx.save(helper.make_model(body), str(path))
    return path


def test_the_mean_is_read_off_the_last_batch_normalisation(tmp_path):
    path = graph(tmp_path, last="BatchNormalization", gamma=(1, 2, 2), beta=(2, -1, 1))
    np.testing.assert_allclose(network_mean(path), np.array([2, -1, 1]) / 15**0.5, rtol=1e-6)


def test_a_network_that_ends_otherwise_tells_no_mean(tmp_path):
    assert network_mean(graph(tmp_path, last="Relu")) is None


def test_an_offset_that_is_not_finite_is_refused(tmp_path):
    with pytest.raises(ModelRejected, match=r"network\.onnx ends in a batch normalisation"):
        network_mean(graph(tmp_path, last="BatchNormalization", beta=(1, np.nan, 0)))


def test_sface_tells_its_mean(cache_dir):
    mean = network_mean(float_graph("sface-2021dec", cache_dir=cache_dir))
    assert mean.shape == (128,)
    # golden values of the file with digest fb143eea
    np.testing.assert_allclose(mean[:3], [-0.023095, -0.003954, 0.013787], atol=1e-5)
    assert np.linalg.norm(mean) == pytest.approx(0.13785, abs=1e-4)
