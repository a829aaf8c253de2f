"""An owner's model is let in only if it is what it is said to be; else the reason is named."""

import json
import stat

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from recognition import weights
from recognition.config import EngineConfig
from recognition.embedding_spec import CropSpec
from recognition.errors import ModelRejected, WeightsError
from recognition.models import added_models, find_model, known_models, remove_model
from recognition.models.admission import Declaration, admit_model
from recognition.models.evidence import Evidence, GoldenPair
from recognition.models.golden import golden_face
from recognition.models.loading import float_onnx, open_model
from recognition.models.onnx_pack import inspect_pack, plain_pack
from recognition.models.service import REFERENCE, time_model, verify_model
from recognition.pipeline import load_engine
from recognition.runtime import NetworkSpec
from recognition.runtime.openvino import OpenVinoNetwork
from tests.recognition.made_models import DIMENSION, made_inception, made_pack

FACE = golden_face().crop(CropSpec())[0]


def declared(**more):
    return Declaration(**{"id": "made", "licence": "mine", "channel_order": "rgb", **more})


@pytest.fixture
def pack(tmp_path):
    return made_pack(tmp_path / "made.onnx")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def refusal(path, folder, declaration=None, **more):
    with pytest.raises(ModelRejected) as refused:
        admit_model(path, declaration or declared(), models_dir=folder, **more)
    assert not list(folder.glob("*")), "nothing may be kept of a refused model"
    return refused.value


# --- let in -------------------------------------------------------------------------------


def test_a_sound_pack_is_kept_with_everything_that_was_found(pack, folder):
    item = admit_model(pack, declared(origin="made here"), models_dir=folder).item
    assert find_model("made", models_dir=folder) == item
    assert (item.kind, item.licence, item.origin) == ("onnx-arcface", "mine", "made here")
    assert item.sha256 == weights.sha256_of(pack)
    assert item.spec.dimension == DIMENSION
    assert (item.spec.scaling, item.spec.output_norm) == ("symmetric", "free")
    assert item.space.preprocessing == "arcface112-similarity-rgb-symmetric"
    assert item.evidence == "declared, not measured"
    assert weights.verified(item).read_bytes() == pack.read_bytes()
    assert verify_model(item) < 1e-5


def test_what_is_kept_is_for_its_owner_only(pack, folder):
    admit_model(pack, declared(), models_dir=folder)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (folder, *folder.rglob("*"))}
    assert modes == {"models": 0o700, "made": 0o700, "model.onnx": 0o600, "manifest.json": 0o600}


@pytest.mark.parametrize(
    ("making", "scaling", "norm"),
    [
        ({}, "symmetric", "free"),
        ({"scales_itself": True}, "raw", "free"),
        ({"unit": True}, "symmetric", "unit"),
        ({"batch": 1}, "symmetric", "free"),
    ],
    ids=["InsightFace's rule", "Sub and Mul inside", "unit length", "exported for one picture"],
)
def test_scaling_norm_and_batches_are_read_off_the_file(tmp_path, folder, making, scaling, norm):
    path = made_pack(tmp_path / "made.onnx", **making)
    item = admit_model(path, declared(), models_dir=folder).item
    assert (item.spec.scaling, item.spec.output_norm) == (scaling, norm)


def test_a_pack_for_one_picture_answers_a_batch_as_it_answers_each(tmp_path, folder):
    path = made_pack(tmp_path / "one.onnx", batch=1)
    item = admit_model(path, declared(), models_dir=folder).item
    faces = np.random.default_rng(0).integers(0, 256, (17, 112, 112, 3), dtype=np.uint8)
    rows = open_model(item, choice=REFERENCE, cache_dir=tmp_path).run(faces)["vector"]
    original = OpenVinoNetwork(NetworkSpec(path, mean=127.5, scale=127.5))
    expected = np.concatenate([original.run(face[None])["vector"] for face in faces])
    np.testing.assert_allclose(rows, expected, atol=1e-4)


def test_the_plain_graph_has_no_training_nodes_and_runs_in_torch_too(pack, folder, tmp_path):
    from recognition.runtime.torch_graph import TorchNetwork

    path = tmp_path / "plain.onnx"
    path.write_bytes(plain_pack(pack))
    assert "Dropout" not in {node.op_type for node in onnx.load(path).graph.node}
    spec = NetworkSpec(path, mean=127.5, scale=127.5)
    by_torch = TorchNetwork(spec, device="cpu", precision="f32").run(FACE[None])["vector"]
    np.testing.assert_allclose(by_torch, OpenVinoNetwork(spec).run(FACE[None])["vector"], atol=1e-4)


def test_a_facenet_file_is_kept_without_pickle(tmp_path, folder):
    path = tmp_path / "facenet.pt"
    torch.save(made_inception(dimension=128).state_dict(), path)
    admission = admit_model(path, declared(channel_order=None), models_dir=folder)
    item = admission.item
    assert (item.kind, item.file) == ("inception-resnet-v1", "model.safetensors")
    assert (item.spec.dimension, item.spec.output_norm) == (128, "unit")
    assert item.spec.crop == CropSpec("box-margin", 160, 32, "facenet")
    assert item.space.preprocessing == "box-margin-160-facenet32-rgb-fixed"
    assert item.space.weights_sha256 == weights.sha256_of(path)
    assert any("22,793,728 parameters" in finding for finding in admission.findings)


# --- refused ------------------------------------------------------------------------------


def info(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.mark.parametrize(
    ("making", "code", "words"),
    [
        ({"factor": np.nan}, "model.norm", "nan"),
        ({"factor": 0.0}, "model.norm", "--preprocessing"),
        ({"factor": 1e9}, "model.norm", "between 0.001 and 10000"),
        ({"factor": 1e-3, "bias": 50.0}, "model.distinct", "noise"),
        ({"input_shape": ["n", 112, 112, 3]}, "model.input", "channels last"),
        ({"input_shape": ["n", 3, 112, 96]}, "model.input", r"\(\?, 3, 112, 96\)"),
        ({"input_shape": [8, 3, 112, 112]}, "model.input", "N of 1 or free"),
        ({"extra_inputs": [info("age", [1])]}, "model.input", "2 inputs"),
        (
            {
                "extra_nodes": [helper.make_node("Relu", ["vector"], ["more"])],
                "extra_outputs": [info("more", ["n", DIMENSION])],
            },
            "model.output",
            "detector",
        ),
        (
            {
                "extra_nodes": [helper.make_node("Magic", ["raw"], ["vector"], domain="x.y")],
                "unit": True,
            },
            "model.unreadable|model.operator",
            "x.y|sound ONNX",
        ),
    ],
    ids=[
        "not a number",
        "all zero",
        "too long for f16",
        "the same for every picture",
        "channels last",
        "not square",
        "a fixed batch",
        "two inputs",
        "two outputs",
        "foreign operator",
    ],
)
def test_a_pack_that_is_none_is_refused(tmp_path, folder, making, code, words):
    import re

    path = made_pack(tmp_path / "bad.onnx", **making)
    error = refusal(path, folder)
    assert re.fullmatch(code, error.code), error
    assert re.search(words, error.message)


@pytest.mark.parametrize(
    ("declaration", "code", "words"),
    [
        ({"sha256": "ab" * 32}, "model.digest", "not the file that you expect"),
        ({"dimension": 512}, "model.declaration", "dimension 512, and the file's is 16"),
        ({"output_norm": "unit"}, "model.declaration", "output norm unit"),
        ({"size_px": 160}, "model.declaration", "size 160"),
        ({"scaling": "per_image"}, "model.preprocessing", "raw, fixed or symmetric"),
        ({"channel_order": None}, "model.channel_order", "InsightFace's packs take rgb"),
        ({"licence": "  "}, "model.licence", "licence"),
        ({"id": "../up"}, "model.id", "cannot be a model's id"),
        ({"id": "Made"}, "model.id", "a-z"),
        ({"id": "sface-2021dec"}, "model.exists", "there already"),
    ],
)
def test_a_declaration_that_does_not_hold_is_refused(pack, folder, declaration, code, words):
    error = refusal(pack, folder, declared(**declaration))
    assert error.code == code
    assert words in error.message


def test_scaling_twice_is_refused(tmp_path, folder):
    path = made_pack(tmp_path / "made.onnx", scales_itself=True)
    error = refusal(path, folder, declared(scaling="symmetric"))
    assert error.code == "model.preprocessing"
    assert "twice" in error.message


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("cut.onnx", None, "model.unreadable"),
        ("text.onnx", b"no network", "model.unreadable"),
        ("empty.onnx", b"", "model.size"),
        ("what.bin", b"x", "model.unreadable"),
        ("gone.onnx", ..., "model.unreadable"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused(pack, tmp_path, folder, name, content, code):
    path = tmp_path / name
    if content is not ...:
        path.write_bytes(pack.read_bytes()[:-500] if content is None else content)
    assert refusal(path, folder).code == code


def test_weights_in_other_files_are_refused(pack, tmp_path, folder):
    model = onnx.load(pack)
    path = tmp_path / "external.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location="data", size_threshold=0)
    error = refusal(path, folder)
    assert error.code == "model.external_data"
    assert "one file has one digest" in error.message


def test_a_file_that_is_too_large_is_refused_unread(pack, folder, monkeypatch):
    from recognition.models import admission

    monkeypatch.setattr(admission, "MAX_FILE_BYTES", 1000)
    error = refusal(pack, folder)
    assert error.code == "model.size"
    assert "at most 1,000" in error.message


def test_tensorflow_weights_need_their_preprocessing_declared(tmp_path, folder):
    path = tmp_path / "facenet.npz"
    np.savez(path, nothing=np.zeros(1))
    error = refusal(path, folder)
    assert error.code == "model.preprocessing"
    assert "0.8 points" in error.message
    assert refusal(path, folder, declared(scaling="fixed")).code == "model.names"


# --- channel order ------------------------------------------------------------------------


def vector_of(path, crop, *, order="rgb", mean=127.5, scale=127.5):
    spec = NetworkSpec(path, channel_order=order, mean=mean, scale=scale)
    return OpenVinoNetwork(spec).run(crop[None])["vector"][0]


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_a_golden_vector_decides_the_channel_order(pack, folder, order):
    other = {"rgb": "bgr", "bgr": "rgb"}[order]
    evidence = Evidence(golden=GoldenPair(FACE, vector_of(pack, FACE, order=order)))
    error = refusal(pack, folder, declared(channel_order=other), evidence=evidence)
    assert error.code == "model.channel_order"
    assert f"Declare --channel-order {order}" in error.message
    item = admit_model(
        pack, declared(channel_order=None), evidence=evidence, models_dir=folder
    ).item
    assert item.spec.channel_order == order
    assert "golden vector's similarity is" in item.evidence


def test_a_golden_vector_finds_the_wrong_preprocessing(pack, folder):
    evidence = Evidence(golden=GoldenPair(FACE, vector_of(pack, FACE, mean=0.0, scale=1.0)))
    error = refusal(pack, folder, evidence=evidence)
    assert error.code == "model.golden"
    assert "--preprocessing raw does" in error.message


@pytest.mark.parametrize(
    ("crop", "vector", "words"),
    [
        (FACE, np.ones(DIMENSION, np.float32), "is it this file's vector"),
        (FACE, np.ones(5, np.float32), r"(5,)"),
        (FACE, np.zeros(DIMENSION, np.float32), "length 0"),
        (FACE[:100], np.ones(DIMENSION, np.float32), "112x100 px"),
    ],
)
def test_a_golden_pair_of_something_else_is_refused(pack, folder, crop, vector, words):
    error = refusal(pack, folder, evidence=Evidence(golden=GoldenPair(crop, vector)))
    assert error.code == "model.golden"
    assert words in error.message


def skin_faces(count):
    """Crops that are redder than blue, as faces are."""
    rng = np.random.default_rng(6)
    faces = rng.integers(0, 120, (count, 112, 112, 3), dtype=np.uint8)
    faces[..., 0] += 120
    return lambda spec: faces


def test_many_faces_decide_where_the_answers_length_tells(tmp_path, folder):
    path = made_pack(tmp_path / "red.onnx", red_weight=8.0, factor=0.01)
    evidence = Evidence(faces=skin_faces(24))
    raw = declared(channel_order=None, scaling="raw")
    item = admit_model(path, raw, evidence=evidence, models_dir=folder).item
    assert item.spec.channel_order == "rgb"
    assert item.evidence == "100% of 24 faces get a longer answer as RGB than as BGR."
    remove_model("made", models_dir=folder, cache_dir=tmp_path / "cache")
    error = refusal(path, folder, declared(channel_order="bgr", scaling="raw"), evidence=evidence)
    assert error.code == "model.channel_order"


@pytest.mark.parametrize(
    ("making", "faces", "words"),
    [
        ({"red_weight": 8.0}, skin_faces(19), "too few"),
        ({"red_weight": 8.0}, lambda spec: np.full((30, 112, 112, 3), 90, np.uint8), "too few"),
        ({"red_weight": 8.0, "unit": True}, skin_faces(24), "length 1"),
    ],
    ids=["too few", "grey photos", "unit length"],
)
def test_where_faces_cannot_tell_the_owner_must(tmp_path, folder, making, faces, words):
    path = made_pack(tmp_path / "made.onnx", **making)
    evidence = Evidence(faces=faces)
    error = refusal(path, folder, declared(channel_order=None), evidence=evidence)
    assert error.code == "model.channel_order"
    assert words in error.message
    item = admit_model(path, declared(), evidence=evidence, models_dir=folder).item
    assert item.evidence.startswith("declared; ")


@pytest.mark.realdata
def test_real_photos_tell_sfaces_channel_order(photos, cache_dir, folder, tmp_path):
    from recognition.cli._models_add import _faces

    path = float_onnx(find_model("sface-2021dec", models_dir=None), cache_dir=cache_dir)
    chosen = tmp_path / "photos"
    chosen.mkdir()
    for photo in sorted((photos / "lfw_small").rglob("*.jpg"))[::9]:
        (chosen / photo.name).symlink_to(photo)

    def faces(spec):
        return _faces(chosen, cache_dir, spec)

    error = refusal(path, folder, declared(channel_order="bgr"), evidence=Evidence(faces=faces))
    assert error.code == "model.channel_order"


# --- in the folder ------------------------------------------------------------------------


def test_models_have_different_spaces_even_with_the_same_file(pack, folder):
    spaces = {
        admit_model(pack, declared(id=name, channel_order=order), models_dir=folder).item.space.id
        for name, order in [("one", "rgb"), ("two", "rgb"), ("three", "bgr")]
    }
    assert len(spaces) == 3
    assert [item.id for item in known_models(folder)] == ["sface-2021dec", "one", "three", "two"]


def test_the_same_id_twice_is_refused_and_the_first_stays(pack, folder):
    first = admit_model(pack, declared(), models_dir=folder).item
    with pytest.raises(ModelRejected) as refused:
        admit_model(pack, declared(), models_dir=folder)
    assert refused.value.code == "model.exists"
    assert find_model("made", models_dir=folder) == first


def test_removing_leaves_nothing_and_the_shipped_one_cannot_go(pack, folder, tmp_path):
    cache = tmp_path / "cache"
    item = admit_model(pack, declared(), models_dir=folder).item
    float_onnx(item, cache_dir=cache)
    assert [path.name.startswith("made-") for path in cache.iterdir()] == [True, True]
    others = cache / f"made-2-{item.sha256[:16]}-p1.onnx"
    others.touch()
    remove_model("made", models_dir=folder, cache_dir=cache)
    assert list(folder.iterdir()) == []
    assert list(cache.iterdir()) == [others]
    for model_id, code in [
        ("made", "weights.unknown"),
        ("../models", "weights.unknown"),
        ("sface-2021dec", "weights.shipped"),
    ]:
        with pytest.raises(WeightsError) as refused:
            remove_model(model_id, models_dir=folder, cache_dir=cache)
        assert refused.value.code == code


def test_an_unknown_model_is_answered_with_the_known_ones(pack, folder):
    admit_model(pack, declared(), models_dir=folder)
    with pytest.raises(WeightsError, match="sface-2021dec, made"):
        find_model("mode", models_dir=folder)
    with pytest.raises(WeightsError) as refused:
        find_model("yunet-2023mar", models_dir=folder)
    assert refused.value.code == "weights.unknown"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: json.dumps({**json.loads(text), "file": "../../etc/passwd"}),
        lambda text: json.dumps({**json.loads(text), "golden": None}),
        lambda text: json.dumps({**json.loads(text), "surprise": 1}),
        lambda text: json.dumps({**json.loads(text), "embedding": {"dimension": 16}}),
    ],
    ids=["cut off", "a list", "a file elsewhere", "no golden vector", "a new field", "half a spec"],
)
def test_a_damaged_manifest_is_named(pack, folder, damage):
    admit_model(pack, declared(), models_dir=folder)
    manifest = folder / "made" / "manifest.json"
    manifest.write_text(damage(manifest.read_text("utf-8")), "utf-8")
    with pytest.raises(WeightsError, match="add the model again") as refused:
        added_models(folder)
    assert refused.value.code == "weights.manifest"


def _flip_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_flip_bit, "weights.digest"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "weights.size"),
        (lambda path: path.unlink(), "weights.missing"),
    ],
)
def test_an_added_file_that_changed_stops_the_engine(pack, folder, cache_dir, damage, code):
    item = admit_model(pack, declared(), models_dir=folder).item
    damage(weights.locate(item))
    with pytest.raises(WeightsError, match="made") as refused:
        load_engine(
            EngineConfig(device="cpu", model="made", models_dir=folder, cache_dir=cache_dir)
        )
    assert refused.value.code == code


def test_another_file_put_in_place_with_its_digest_is_noticed_by_its_answers(
    pack, folder, tmp_path
):
    item = admit_model(pack, declared(), models_dir=folder).item
    other = made_pack(tmp_path / "other.onnx", seed=2)
    weights.locate(item).write_bytes(other.read_bytes())
    manifest = folder / "made" / "manifest.json"
    fields = json.loads(manifest.read_text("utf-8"))
    fields |= {"sha256": weights.sha256_of(other), "size_bytes": other.stat().st_size}
    manifest.write_text(json.dumps(fields), "utf-8")
    with pytest.raises(ModelRejected, match="no longer answers") as refused:
        verify_model(find_model("made", models_dir=folder), cache_dir=tmp_path)
    assert refused.value.code == "model.golden"


def test_a_folder_that_cannot_be_written_is_named(pack, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(WeightsError, match="--models-dir") as refused:
        admit_model(pack, declared(), models_dir=blocker / "models")
    assert refused.value.code == "weights.folder"


def test_an_engine_with_an_added_model_passes_its_self_test(pack, folder, cache_dir):
    admit_model(pack, declared(), models_dir=folder)
    config = EngineConfig(
        device="cpu", precision="f32", model="made", models_dir=folder, cache_dir=cache_dir
    )
    engine = load_engine(config)
    report = engine.self_test()
    assert report.ok, report.checks
    (analysis,) = engine.analyse_pictures([golden_face().picture])
    assert analysis.faces[0].embedding.shape == (DIMENSION,)
    assert engine.new_index().space == find_model("made", models_dir=folder).space


def test_timing_tells_the_first_call_from_the_later_ones(pack, folder, tmp_path):
    admit_model(pack, declared(), models_dir=folder)
    one, four = time_model(
        "made", choice=REFERENCE, batches=(1, 4), calls=20, models_dir=folder, cache_dir=tmp_path
    )
    assert (one.faces, four.faces, one.calls) == (1, 4, 20)
    for times in (one, four):
        assert 0.0 < times.p50_ms <= times.p95_ms <= times.p99_ms
        assert times.faces_per_s > 0.0
        assert (times.device, times.precision) == ("cpu", "f32")
    with pytest.raises(ValueError, match="at least one"):
        time_model("made", choice=REFERENCE, calls=0, models_dir=folder, cache_dir=tmp_path)


def test_reading_a_pack_tells_its_form(tmp_path):
    path = made_pack(tmp_path / "made.onnx", input_shape=["n", 3, "h", "w"], scales_itself=True)
    facts = inspect_pack(path)
    assert (facts.size_px, facts.scales_itself) == (None, True)
