"""Whose vector a picture gives: the face in the middle, a crop as it is, or the reason for none."""

from types import SimpleNamespace

import numpy as np
import pytest

from recognition.contracts import Box, ImageAnalysis
from recognition.embedding_spec import CropSpec
from recognition.errors import ModelRejected
from recognition.evaluation.subjects import (
    Recipe,
    as_aligned,
    central_face,
    check_sees_aligned,
    embed_pictures,
)
from tests.faces import DISTINCT, empty_room, jpeg_bytes, photo, render_scene


def face_at(x, y, side):
    return SimpleNamespace(
        detection=SimpleNamespace(box=Box(x - side / 2, y - side / 2, side, side))
    )


def test_the_central_face_is_the_nearest_not_the_largest():
    large, near, far = face_at(60, 120, 100), face_at(170, 125, 20), face_at(240, 10, 20)
    assert central_face(ImageAnalysis(320, 240, (large, far, near))) is near


@pytest.mark.parametrize(
    ("shape", "size_px", "corner", "why"),
    [
        ((112, 112), 112, (0, 0), "of the right size: as it is"),
        ((160, 160), 160, (0, 0), "of another network's size: as it is"),
        ((224, 224), 112, None, "larger: shrunk"),
        ((56, 56), 112, None, "smaller: enlarged"),
        ((112, 250), 112, (0, 69), "wide: the middle of it"),
        ((151, 112), 112, (19, 0), "high: the middle of it"),
    ],
)
def test_a_crop_is_brought_to_the_networks_size(shape, size_px, corner, why):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    found = as_aligned(picture, size_px=size_px)
    assert found.shape == (size_px, size_px, 3), why
    if corner is not None:
        top, left = corner
        np.testing.assert_array_equal(found, picture[top : top + size_px, left : left + size_px])


def test_each_picture_is_answered_in_order_by_a_vector_or_a_reason(f32_engine, tmp_path):
    person = photo(DISTINCT[0], size_px=(320, 240))
    (tmp_path / "person.jpg").write_bytes(jpeg_bytes(person))
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    files = [
        tmp_path / "bad.jpg",
        tmp_path / "person.jpg",
        tmp_path / "gone.jpg",
        jpeg_bytes(empty_room(seed=1)),
    ]
    found = list(embed_pictures(f32_engine, files, recipe=Recipe()))
    assert [subject.vector is None for subject in found] == [True, False, True, True]
    assert "gone.jpg cannot be read" in found[2].problem
    assert found[3].problem == "no face was found"
    (from_array,) = embed_pictures(f32_engine, [person], recipe=Recipe())
    assert from_array.vector @ found[1].vector > 0.98  # before and after JPEG


def test_side_by_side_holds_the_picture_and_its_mirror_image(f32_engine):
    from recognition.config import EngineConfig
    from recognition.pipeline import load_engine

    config = f32_engine.config
    plain = load_engine(EngineConfig(device="cpu", precision="f32", cache_dir=config.cache_dir,
                                     flip_fusion=False))  # fmt: skip
    person = photo(DISTINCT[0], 1, size_px=(320, 240))
    (one,) = embed_pictures(plain, [person], recipe=Recipe(flip="none"))
    (both,) = embed_pictures(plain, [person], recipe=Recipe(flip="concat"))
    np.testing.assert_allclose(both.vector[:128], one.vector, atol=1e-5)
    assert np.linalg.norm(both.vector[128:]) == pytest.approx(1.0, abs=1e-4)
    assert 0.8 < both.vector[:128] @ both.vector[128:] < 0.9999
    with pytest.raises(ValueError, match="needs the other one"):
        list(embed_pictures(plain, [person], recipe=Recipe(flip="sum")))


def test_the_person_in_the_middle_is_not_the_one_in_front(f32_engine):
    scene = render_scene([(DISTINCT[0], 0, 70, 340), (DISTINCT[1], 345, 175, 130)])
    middle, front = (
        next(iter(embed_pictures(f32_engine, [scene], recipe=Recipe(choose=choose)))).vector
        for choose in ("central", "main")
    )
    person = photo(DISTINCT[1], size_px=(320, 240))
    (expected,) = embed_pictures(f32_engine, [person], recipe=Recipe())
    assert middle @ expected.vector > 0.8
    assert front @ expected.vector < 0.6


def test_a_network_that_sees_another_crop_is_not_shown_this_one():
    facenet = SimpleNamespace(
        crop=CropSpec("box-margin", 160, 32), space=SimpleNamespace(model_id="facenet")
    )
    with pytest.raises(ModelRejected, match="facenet is given faces cut as box-margin-160"):
        check_sees_aligned(facenet)
