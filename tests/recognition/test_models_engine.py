"""The engine with models that want another crop than the shipped one's."""

import numpy as np
import pytest

from recognition.embedding.cutting import cut_face
from recognition.embedding_spec import CropSpec
from tests.faces import render_scene
from tests.recognition.made_models import DIMENSION, engine_on_made_pack


@pytest.mark.parametrize(
    ("side", "declared"),
    [
        (160, {}),
        (160, {"margin_px": 14, "margin_convention": "facenet-pytorch"}),
        (160, {"alignment": "arcface112-similarity"}),
        (112, {"alignment": "box-margin", "margin_px": 0}),
    ],
    ids=["facenet", "facenet-pytorch", "aligned at 160 px", "box at 112 px"],
)
def test_every_face_is_cut_as_its_model_wants(tmp_path, cache_dir, side, declared):
    engine = engine_on_made_pack(tmp_path, cache_dir, declared=declared, side=side)
    picture = render_scene([(1, 20, 60, 110), (2, 170, 40, 240)])
    (analysis,) = engine.analyse_pictures([picture])
    assert len(analysis.faces) == 2
    for face in analysis.faces:
        assert face.aligned.shape == (112, 112, 3)
        crop = cut_face(picture, face.detection, spec=engine.crop)
        np.testing.assert_allclose(engine.embed(crop[None])[0], face.embedding, atol=1e-4)
    report = engine.self_test()
    assert report.ok, report.checks


def test_the_quality_does_not_depend_on_the_model(tmp_path, cache_dir, f32_engine):
    engine = engine_on_made_pack(tmp_path, cache_dir, side=160)
    picture = render_scene([(2, 170, 40, 240)])
    (theirs,), (ours,) = engine.analyse_pictures([picture]), f32_engine.analyse_pictures([picture])
    assert theirs.faces[0].quality == ours.faces[0].quality
    assert theirs.faces[0].embedding.shape == (DIMENSION,)
    assert f32_engine.crop == CropSpec()
