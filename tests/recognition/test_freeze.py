"""A network exported to a file answers as the engine does, or no file is left."""

import json

import numpy as np
import onnx
import pytest
import torch
from safetensors import safe_open

from recognition import cli
from recognition.errors import ModelRejected
from recognition.export import freeze
from recognition.models import find_model
from recognition.models.admission import Declaration, admit_model
from tests.recognition.made_models import made_inception, made_pack

FORMATS = ("torchscript", "onnx", "safetensors")


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A made pack, and Inception-ResNet-v1 that standardises each picture."""
    folder = tmp_path_factory.mktemp("models")
    made_pack(folder / "made.onnx")
    torch.save(made_inception(dimension=128).state_dict(), folder / "facenet.pt")
    packs = {
        "made": Declaration(id="made", licence="mine", channel_order="bgr"),
        "facenet": Declaration(id="facenet", licence="mine", scaling="per_image"),
    }
    admit_model(folder / "made.onnx", packs["made"], models_dir=folder / "kept")
    admit_model(folder / "facenet.pt", packs["facenet"], models_dir=folder / "kept")
    return folder / "kept"


def metadata_in(path, form):
    if form == "torchscript":
        extra = {"gatehouse.json": ""}
        with pytest.warns(DeprecationWarning, match=r"torch\.jit\.load"):
            torch.jit.load(path, _extra_files=extra)
        return json.loads(extra["gatehouse.json"])
    if form == "onnx":
        properties = onnx.load(path).metadata_props
        return {item.key.removeprefix("gatehouse."): item.value for item in properties}
    with safe_open(path, "numpy") as file:
        return file.metadata()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("model", ["sface-2021dec", "made", "facenet"])
def test_an_export_answers_within_1e_5_and_says_how_to_use_it(
    folder, cache_dir, tmp_path, model, form
):
    item = find_model(model, models_dir=folder)
    out = tmp_path / f"{model}.{form}"
    frozen = freeze.freeze_model(item, form=form, out=out, cache_dir=cache_dir)
    assert frozen.max_abs_diff <= 1e-5
    assert frozen.size_bytes == out.stat().st_size
    assert frozen.load_ms > 0.0
    assert [p.name for p in tmp_path.iterdir()] == [out.name]
    metadata = metadata_in(out, form)
    assert metadata["dimension"] == str(item.spec.dimension)
    assert metadata["channel_order"] == item.spec.channel_order
    assert metadata["source_sha256"] == item.space.weights_sha256
    assert metadata["crop"] == item.spec.crop.name
    is_inside = model == "facenet" and form != "safetensors"
    assert metadata["scaling"] == ("raw" if is_inside else item.spec.scaling)


def test_a_torchscript_file_needs_none_of_our_code_and_takes_any_batch(folder, cache_dir, tmp_path):
    item = find_model("made", models_dir=folder)
    freeze.freeze_model(item, form="torchscript", out=tmp_path / "made.pt", cache_dir=cache_dir)
    with pytest.warns(DeprecationWarning, match=r"torch\.jit\.load"):
        module = torch.jit.load(tmp_path / "made.pt")
    for count in (1, 2, 5):
        assert module(torch.rand(count, 3, 112, 112)).shape == (count, item.spec.dimension)


def test_an_exported_onnx_file_can_be_added_again_and_declares_itself(folder, cache_dir, tmp_path):
    item = find_model("made", models_dir=folder)
    out = tmp_path / "made.onnx"
    freeze.freeze_model(item, form="onnx", out=out, cache_dir=cache_dir)
    again = Declaration(id="again", licence="mine")
    admitted = admit_model(out, again, models_dir=tmp_path / "kept").item
    assert admitted.spec == item.spec
    assert admitted.golden == item.golden
    wrong = Declaration(id="wrong", licence="mine", channel_order="rgb")
    with pytest.raises(ModelRejected, match="channel order rgb, and the file's is bgr"):
        admit_model(out, wrong, models_dir=tmp_path / "kept")


def test_a_file_that_answers_otherwise_is_not_left(folder, cache_dir, tmp_path, monkeypatch):
    real = freeze.read_back

    def slightly_off(*args, **more):
        run = real(*args, **more)

        def disturbed(crops):
            raw = run(crops).copy()
            raw[0, 0] += 1e-3 * np.linalg.norm(raw[0])
            return raw

        return disturbed

    monkeypatch.setattr(freeze, "read_back", slightly_off)
    with pytest.raises(ModelRejected, match="at most 1e-05") as refused:
        freeze.freeze_model(
            find_model("made", models_dir=folder),
            form="onnx",
            out=tmp_path / "made.onnx",
            cache_dir=cache_dir,
        )
    assert refused.value.code == "export.differs"
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_not_overwritten_and_a_missing_folder_is_named(
    folder, cache_dir, tmp_path
):
    item = find_model("made", models_dir=folder)
    there = tmp_path / "made.onnx"
    there.write_text("mine")
    for out, code in [(there, "export.exists"), (tmp_path / "no" / "x.onnx", "export.folder")]:
        with pytest.raises(ModelRejected) as refused:
            freeze.freeze_model(item, form="onnx", out=out, cache_dir=cache_dir)
        assert refused.value.code == code
    assert there.read_text() == "mine"


def test_the_command_prints_difference_and_load_time(folder, cache_dir, tmp_path, capsys):
    common = ["--models-dir", str(folder), "--cache-dir", str(cache_dir), "--model", "made"]
    out = tmp_path / "made.onnx"
    assert cli.main(["freeze", "--format", "onnx", *common, str(out)]) == 0
    printed = capsys.readouterr().out
    assert "largest difference" in printed
    assert "load time" in printed
    assert cli.main(["freeze", "--format", "onnx", *common, str(out)]) == 1
    assert "export.exists" in capsys.readouterr().err
    out.unlink()
    assert cli.main(["freeze", "--json", "--format", "safetensors", *common, str(out)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["max_abs_diff"] <= 1e-5
    assert (report["form"], report["model"]) == ("safetensors", "made")
