"""Bad input to the engine: a typed error or an empty answer, never a crash or a wrong answer."""

import numpy as np
import pytest

from recognition.config import EngineConfig
from recognition.contracts import EmbeddingSpace
from recognition.decision import DecisionPolicy, decide
from recognition.errors import ImageRejected, IndexMismatch, WeightsError
from recognition.images import as_picture
from recognition.index import FlatIndex
from recognition.pipeline import load_engine
from tests.faces import empty_room

SPACE = EmbeddingSpace("made", "0" * 64, 4, "none")
POLICY = DecisionPolicy(threshold=0.45)


def unit(*values):
    vector = np.array([values], np.float32)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize(
    ("pixels", "why"),
    [
        (np.full((64, 64, 3), np.nan, np.float32), "not a number is no light"),
        (np.full((64, 64, 3), 0.5, np.float64), "half of what?"),
        (np.zeros((64, 64, 3), np.int16), "no such picture"),
        (np.zeros((64, 64, 2), np.uint8), "two channels"),
        (np.zeros((64, 64, 5), np.uint8), "five channels"),
        (np.zeros((3, 64, 64), np.uint8), "channels first"),
        (np.zeros((0, 64, 3), np.uint8), "no pixel at all"),
        (np.zeros(64, np.uint8), "a line"),
        (np.zeros((1, 64, 64, 3), np.uint8), "a batch in place of a picture"),
    ],
)
def test_an_array_that_is_no_picture_is_refused_with_what_was_expected(f32_engine, pixels, why):
    with pytest.raises(ImageRejected, match="expected uint8") as refused:
        f32_engine.analyse_pictures([pixels])
    assert refused.value.code == "image.array", why


def test_grey_and_transparent_arrays_are_seen_as_people_see_them(golden_picture):
    grey = golden_picture[:, :, 1]
    assert np.array_equal(as_picture(grey), np.stack([grey] * 3, axis=2))
    assert np.array_equal(as_picture(grey[:, :, None]), np.stack([grey] * 3, axis=2))
    clear = np.zeros((4, 4, 4), np.uint8)
    assert (as_picture(clear) == 255).all()
    opaque = np.dstack([golden_picture, np.full(grey.shape, 255, np.uint8)])
    assert np.array_equal(as_picture(opaque), golden_picture)


def test_a_grey_photo_still_gives_its_face(f32_engine, golden_picture):
    coloured, grey = f32_engine.analyse_pictures(
        [golden_picture, np.asarray(golden_picture.mean(axis=2), np.uint8)]
    )
    assert float(coloured.faces[0].embedding @ grey.faces[0].embedding) > 0.7


@pytest.mark.parametrize(
    ("height_px", "width_px"), [(1, 1), (1, 400), (40, 20_000), (20_000, 40), (31, 33)]
)
def test_pictures_of_odd_shapes_have_no_faces_and_do_no_harm(f32_engine, height_px, width_px):
    picture = np.full((height_px, width_px, 3), 127, np.uint8)
    (answer,) = f32_engine.analyse_pictures([picture])
    assert answer.faces == ()
    assert (answer.height_px, answer.width_px) == (height_px, width_px)


def test_a_face_at_the_end_of_a_very_wide_picture_is_reported_where_it_is(
    f32_engine, golden_picture
):
    height, width = golden_picture.shape[:2]
    wide = np.full((height, 2000, 3), 128, np.uint8)
    wide[:, -width:] = golden_picture
    (answer,) = f32_engine.analyse_pictures([wide])
    assert answer.faces[0].detection.box.centre[0] > 2000 - width


def test_a_crowd_of_500_says_how_many_faces_were_left_out(f32_engine, golden_picture):
    import cv2

    tile = cv2.resize(golden_picture, (64, 64), interpolation=cv2.INTER_AREA)
    crowd = np.tile(tile, (20, 25, 1))
    (answer,) = f32_engine.analyse_pictures([crowd])
    assert len(answer.faces) == f32_engine.config.max_faces
    assert len(answer.faces) + answer.faces_left_out == pytest.approx(500, abs=25)


def test_no_face_means_no_face_left_out(f32_engine):
    (answer,) = f32_engine.analyse_pictures([empty_room(size_px=(320, 240))])
    assert (answer.faces, answer.faces_left_out) == ((), 0)


def test_a_corrupt_weight_file_stops_the_engine_before_its_first_answer(
    tmp_path, cache_dir, monkeypatch
):
    from recognition import weights

    real = weights.locate

    def corrupt(item):
        content = bytearray(real(item).read_bytes())
        content[len(content) // 2] ^= 1
        path = tmp_path / real(item).name
        path.write_bytes(content)
        return path

    monkeypatch.setattr(weights, "locate", corrupt)
    with pytest.raises(WeightsError) as refused:
        load_engine(EngineConfig(device="cpu", precision="f32", cache_dir=cache_dir))
    assert refused.value.code == "weights.digest"


def test_an_empty_gallery_names_nobody(golden_picture, f32_engine):
    (answer,) = f32_engine.analyse_pictures([golden_picture])
    face = answer.faces[0]
    (candidates,) = f32_engine.new_index().search(face.embedding[None], k=5)
    decision = decide(candidates, quality=face.quality, policy=POLICY)
    assert candidates == ()
    assert (decision.kind, decision.person_id, decision.score) == ("unknown", None, None)


def test_a_gallery_of_one_does_not_name_everybody_after_them(golden_picture, f32_engine):
    (answer,) = f32_engine.analyse_pictures([golden_picture])
    face = answer.faces[0]
    index = f32_engine.new_index()
    index.upsert(["ada"], face.embedding[None])
    (own,) = index.search(face.embedding[None], k=5)
    (other,) = index.search(-face.embedding[None], k=5)
    assert decide(own, quality=face.quality, policy=POLICY).person_id == "ada"
    assert decide(other, quality=face.quality, policy=POLICY).kind == "unknown"


def test_one_id_twice_counts_once_and_the_last_vector_counts():
    index = FlatIndex(SPACE)
    index.upsert(["ada", "ada"], np.concatenate([unit(1, 0, 0, 0), unit(0, 1, 0, 0)]))
    (found,) = index.search(unit(0, 1, 0, 0), k=5)
    assert [(candidate.person_id, round(candidate.score, 6)) for candidate in found] == [("ada", 1)]


@pytest.mark.parametrize(
    ("vectors", "why"),
    [
        (unit(1, 0, 0), "another dimension"),
        (unit(1, 0, 0, 0).astype(np.float64), "another type"),
        (2 * unit(1, 0, 0, 0), "not of unit length"),
        (np.full((1, 4), np.nan, np.float32), "no number"),
        (unit(1, 0, 0, 0)[0], "one row in place of rows"),
    ],
)
def test_vectors_of_another_space_never_meet_those_of_the_index(vectors, why):
    index = FlatIndex(SPACE)
    index.upsert(["ada"], unit(1, 0, 0, 0))
    with pytest.raises(IndexMismatch):
        index.upsert(["bob"], vectors)
    with pytest.raises(IndexMismatch):
        index.search(vectors, k=1)
    assert len(index) == 1, why
