"""The adapted model as a pack: the head behind the shipped network, by the admission's own rules."""

from __future__ import annotations

import numpy as np
import pytest

from recognition.adaptation.head import LinearHead
from recognition.adaptation.pack import add_adapted
from recognition.config import DEFAULT_MODEL
from recognition.errors import ModelRejected
from recognition.models.embedder import build_embedder
from recognition.models.golden import golden_face
from recognition.models.registry import added_models, find_model, remove_model
from recognition.models.service import REFERENCE, verify_model
from recognition.weights import entry


@pytest.fixture(scope="module")
def head() -> LinearHead:
    random = np.random.default_rng(11)
    weights = np.eye(128) + random.normal(size=(128, 128)) * 0.02
    mean = random.normal(size=128) * 0.02
    return LinearHead(
        weights.astype(np.float32),
        mean.astype(np.float32),
        entry(DEFAULT_MODEL).space.id,
        0.5,
        60,
        240,
    )


@pytest.fixture(scope="module")
def packs(head, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    add_adapted(head, model_id="own-1", base=DEFAULT_MODEL, models_dir=folder)
    return folder


def crops(size_px: int = 112) -> np.ndarray:
    random = np.random.default_rng(2)
    (face,) = golden_face().crop(entry(DEFAULT_MODEL).spec.crop)
    noise = random.normal(0, 12, (3, size_px, size_px, 3))
    return np.clip(face + noise, 0, 255).astype(np.uint8)


def embedder(model, packs=None, *, flips=False):
    return build_embedder(model, choice=REFERENCE, flip_fusion=flips, models_dir=packs)


def test_the_pack_answers_what_the_head_says_of_the_base_models_vectors(head, packs):
    expected = head.apply(embedder(DEFAULT_MODEL).embed(crops()))
    np.testing.assert_allclose(embedder("own-1", packs).embed(crops()), expected, atol=1e-5)


def test_with_the_mirror_image_added_both_agree_to_a_thousandth(head, packs):
    """The network's answers are brought to unit length one by one and not after the sum."""
    expected = head.apply(embedder(DEFAULT_MODEL, flips=True).embed(crops()))
    found = embedder("own-1", packs, flips=True).embed(crops())
    assert ((found * expected).sum(axis=1) > 0.9999).all()


def test_it_is_a_model_like_any_other_with_a_space_of_its_own(packs):
    (item,) = added_models(packs)
    assert item.id == "own-1"
    assert item.space.id != entry(DEFAULT_MODEL).space.id
    assert item.licence == entry(DEFAULT_MODEL).licence
    assert "60 people" in item.origin
    assert verify_model(item) < 1e-3


def test_it_can_be_removed_again(head, tmp_path):
    add_adapted(head, model_id="own-2", base=DEFAULT_MODEL, models_dir=tmp_path)
    remove_model("own-2", models_dir=tmp_path, cache_dir=tmp_path / "cache")
    assert added_models(tmp_path) == []


def test_a_head_of_another_space_is_not_put_behind_this_model(head, packs):
    foreign = LinearHead(head.weights, head.mean, "0" * 16, 0.5, 60, 240)
    with pytest.raises(ModelRejected, match="made for the embedding space 0000"):
        add_adapted(foreign, model_id="own-3", base=DEFAULT_MODEL, models_dir=packs)
    assert [item.id for item in added_models(packs)] == ["own-1"]


def test_an_id_that_is_taken_is_refused(head, packs):
    with pytest.raises(ModelRejected, match="is there already"):
        add_adapted(head, model_id="own-1", base=DEFAULT_MODEL, models_dir=packs)
    assert find_model("own-1", models_dir=packs)
