"""The engine: order, isolation of bad pictures, coordinates, limits, and what real photos give."""

import io
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from recognition.config import EngineConfig
from recognition.contracts import Box, Detection, ImageAnalysis
from recognition.errors import ImageRejected
from recognition.pipeline import Engine, load_engine
from recognition.runtime.openvino import OpenVinoNetwork
from tests.faces import empty_room, render_scene


def png(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(picture, *, orientation=1):
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture).save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def engine_like(engine, **changes):
    """The same networks under another configuration."""
    return Engine(
        replace(engine.config, **changes),
        choice=engine.choice,
        detector=engine._detector,
        embedder=engine._embedder,
    )


@pytest.fixture(scope="module")
def scene():
    """A large face in the middle, a middling one on the left, a small one on the right."""
    return render_scene([(1, 20, 60, 110), (2, 170, 40, 240), (3, 540, 80, 60)])


def test_a_bad_picture_spoils_nothing_beside_it(f32_engine, golden_bytes):
    images = [golden_bytes, b"not a picture", golden_bytes, golden_bytes[:2000], b""]
    answers = f32_engine.analyse(images)
    assert [type(answer) for answer in answers] == [
        ImageAnalysis,
        ImageRejected,
        ImageAnalysis,
        ImageRejected,
        ImageRejected,
    ]
    first, third = answers[0], answers[2]
    np.testing.assert_allclose(first.faces[0].embedding, third.faces[0].embedding, atol=1e-4)


def test_nothing_in_nothing_out(f32_engine):
    assert f32_engine.analyse([]) == []
    assert f32_engine.analyse_pictures([]) == []


def test_a_picture_without_faces_is_an_analysis_without_faces(f32_engine):
    (answer,) = f32_engine.analyse([png(empty_room(size_px=(320, 240)))])
    assert (answer.faces, answer.width_px, answer.height_px) == ((), 320, 240)


def test_answers_keep_their_order_across_batches(f32_engine, golden_bytes):
    engine = engine_like(f32_engine, batch_size=2)
    empty = png(np.full((64, 48, 3), 99, np.uint8))
    answers = engine.analyse([empty, golden_bytes, golden_bytes, empty, golden_bytes])
    assert [len(answer.faces) for answer in answers] == [0, 1, 1, 0, 1]


def test_a_bad_picture_keeps_its_place_however_many_parts_wait(f32_engine, golden_bytes):
    engine = engine_like(f32_engine, batch_size=1)
    answers = engine.analyse([golden_bytes, b"no picture"] * 4)
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == ["ImageAnalysis", "ImageRejected"] * 4


def test_the_main_face_comes_first_and_each_keeps_its_own_vector(f32_engine, scene):
    (answer,) = f32_engine.analyse_pictures([scene])
    widths = [face.detection.box.width for face in answer.faces]
    assert len(widths) == 3
    assert widths[0] == max(widths)
    for face in answer.faces:
        np.testing.assert_allclose(
            f32_engine.embed(face.aligned[None])[0], face.embedding, atol=1e-4
        )


def test_max_faces_keeps_the_main_ones(f32_engine, scene):
    (all_faces,) = f32_engine.analyse_pictures([scene])
    (capped,) = engine_like(f32_engine, max_faces=1).analyse_pictures([scene])
    assert len(capped.faces) == 1
    assert capped.faces[0].detection.box == all_faces.faces[0].detection.box


def test_faces_below_the_least_size_are_left_out(f32_engine, scene):
    (answer,) = engine_like(f32_engine, min_face_px=60).analyse_pictures([scene])
    assert len(answer.faces) == 2


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_boxes_are_in_the_upright_picture_whatever_the_camera_wrote(
    f32_engine, golden_picture, orientation
):
    canvas = np.full((240, 320, 3), 128, np.uint8)
    canvas[40:200, 30:190] = golden_picture
    turns = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]  # anticlockwise quarters that EXIF undoes
    stored = np.ascontiguousarray(np.rot90(canvas, turns))
    (answer,) = f32_engine.analyse([jpeg(stored, orientation=orientation)])
    assert (answer.width_px, answer.height_px) == (320, 240)
    x, y = answer.faces[0].detection.box.centre
    assert (x, y) == pytest.approx((110, 125), abs=10)


def test_coordinates_are_the_originals_also_where_the_decoder_shrank_it(f32_engine, golden_picture):
    canvas = np.full((900, 1600, 3), 128, np.uint8)
    canvas[200:680, 900:1380] = cv2.resize(golden_picture, (480, 480))
    (small,) = f32_engine.analyse_pictures([canvas])
    (large,) = f32_engine.analyse([jpeg(cv2.resize(canvas, (4800, 2700)))])
    assert (large.width_px, large.height_px) == (4800, 2700)
    ours, theirs = large.faces[0], small.faces[0]
    np.testing.assert_allclose(ours.detection.landmarks / 3, theirs.detection.landmarks, atol=2.0)
    assert ours.detection.box.width / 3 == pytest.approx(theirs.detection.box.width, abs=5)
    assert ours.quality.eye_distance_px == pytest.approx(
        3 * theirs.quality.eye_distance_px, rel=0.03
    )
    assert float(ours.embedding @ theirs.embedding) > 0.9


class Inventing:
    """A detector that reports one good face and one whose landmarks coincide."""

    name = "yunet"

    def __init__(self, real):
        self._real = real

    def detect(self, pictures):
        nonsense = Detection(Box(10, 10, 90, 90), np.full((5, 2), 30, np.float32), 0.99)
        return [[nonsense, *found] for found in self._real.detect(pictures)]


def test_landmarks_that_cannot_be_a_face_cost_only_themselves(f32_engine, golden_picture):
    engine = Engine(
        f32_engine.config,
        choice=f32_engine.choice,
        detector=Inventing(f32_engine._detector),
        embedder=f32_engine._embedder,
    )
    (answer,) = engine.analyse_pictures([golden_picture])
    assert len(answer.faces) == 1


def test_the_index_of_an_engine_is_of_its_space(f32_engine, golden_bytes):
    index = f32_engine.new_index()
    assert index.space == f32_engine.space
    (answer,) = f32_engine.analyse([golden_bytes])
    index.upsert(["someone"], answer.faces[0].embedding[None])
    ((best,),) = index.search(answer.faces[0].embedding[None], k=1)
    assert (best.person_id, best.score) == ("someone", pytest.approx(1.0, abs=1e-5))


def test_info_tells_what_runs(f32_engine, golden_bytes):
    f32_engine.analyse([golden_bytes])
    info = f32_engine.info
    assert (info.device, info.precision, info.runtime, info.detector) == (
        "cpu",
        "f32",
        "openvino",
        "yunet",
    )
    assert info.space_id == f32_engine.space.id


def test_a_face_that_is_not_wanted_is_glimpsed_and_costs_no_embedding(
    f32_engine, scene, monkeypatch
):
    full = f32_engine.analyse_pictures([scene, scene])
    asked, embedded = [], []

    def wanted(number, found):
        asked.append((number, [detection.box for detection in found]))
        return [number == 1 or detection.box.width > 140 for detection in found]

    embed = f32_engine._embedder.embed
    monkeypatch.setattr(
        f32_engine._embedder,
        "embed",
        lambda crops, **options: embedded.append(len(crops)) or embed(crops, **options),
    )
    first, second = f32_engine.analyse_pictures([scene, scene], wanted=wanted)
    boxes = [face.detection.box for face in full[0].faces]
    assert asked == [(0, boxes), (1, boxes)], "the main face first, as in the answer"
    assert [face.detection.box for face in first.faces] == boxes[:1]
    assert [detection.box for detection in first.glimpsed] == boxes[1:]
    assert (len(second.faces), second.glimpsed) == (3, ())
    assert embedded == [4]
    np.testing.assert_allclose(first.faces[0].embedding, full[0].faces[0].embedding, atol=1e-4)


def test_after_a_warm_up_nothing_is_left_to_compile(f32_engine, scene, monkeypatch):
    height, width, _ = scene.shape
    f32_engine.warm_up(width_px=width, height_px=height, pictures=4, flip_fusion=False)

    def compile_anew(self, shape, *, streams):
        raise AssertionError(f"{shape} on {streams} streams was not ready")

    monkeypatch.setattr(OpenVinoNetwork, "_compile", compile_anew)
    for count in (1, 2, 3, 4):
        answers = f32_engine.analyse_pictures([scene] * count, flip_fusion=False)
        assert [len(answer.faces) for answer in answers] == [3] * count
    with pytest.raises(AssertionError, match="was not ready"):
        f32_engine.analyse_pictures([scene[:250, :350]])


def test_a_closed_engine_starts_again(f32_engine, golden_bytes):
    f32_engine.close()
    assert len(f32_engine.analyse([golden_bytes])[0].faces) == 1


@pytest.mark.realdata
@pytest.mark.parametrize("detector", ["yunet", "mtcnn"])
def test_48_people_are_told_apart_and_strangers_stay_strangers(cache_dir, photos, detector):
    engine = load_engine(EngineConfig(device="cpu", detector=detector, cache_dir=cache_dir))
    folder = photos / "lfw_small"
    items = json.loads((folder / "manifest.json").read_text("utf-8"))
    files = [folder / item["file"] for item in items]
    answers = engine.analyse([file.read_bytes() for file in files])
    main = {i: answer.faces[0].embedding for i, answer in enumerate(answers)}
    enrolled, probes, strangers = {}, [], []
    for i, item in enumerate(items):
        if item["role"] == "enroll":
            enrolled.setdefault(item["identity"], []).append(main[i])
        elif item["role"] == "probe":
            probes.append((item["identity"], main[i]))
        else:
            strangers.append(main[i])
    people = list(enrolled)
    templates = np.stack([np.mean(vectors, axis=0) for vectors in enrolled.values()])
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    scores = np.stack([vector for _, vector in probes]) @ templates.T
    right = [people[int(row.argmax())] == who for row, (who, _) in zip(scores, probes, strict=True)]
    assert (len(probes), len(strangers)) == (144, 60)
    assert np.mean(right) >= 0.993
    assert (np.stack(strangers) @ templates.T).max() < 0.5
