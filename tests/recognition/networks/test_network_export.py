"""A trained network leaves in three formats with the same vectors, and is installed as a model."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from recognition import cli
from recognition.device import DeviceChoice
from recognition.embedding.network_embedder import NetworkEmbedder
from recognition.embedding_spec import CropSpec, EmbeddingSpec
from recognition.errors import ModelRejected
from recognition.export.freeze import LIMIT, freeze_model
from recognition.models import find_model
from recognition.models.admission import Declaration, admit_model
from recognition.models.golden import golden_face
from recognition.models.loading import open_model
from recognition.models.onnx_writer import write_onnx
from recognition.models.reading import read_trained
from recognition.models.service import REFERENCE, verify_model
from recognition.networks.base import UnitNetwork
from recognition.networks.files import load_network, save_network
from recognition.networks.nn1 import Maxout
from recognition.networks.preparation import preparation_metadata, read_preparation
from recognition.runtime import NetworkSpec
from recognition.runtime.openvino import OpenVinoNetwork
from recognition.runtime.torch_graph import OnnxGraph

ARCFACE = preparation_metadata(CropSpec(), scaling="symmetric")
BOX = CropSpec("box-margin", 96, 20, "facenet-pytorch")

# One of each class of modest size, as small as it can be; the pieces of the others are below.
EXPORTED = {
    "inception-resnet-v1": 80,
    "squeezenet": 48,
    "nn4-small2": 32,
    "nns2": 64,
    "resface-20": 32,
    "iresnet-50-se": 32,
    "mobilefacenet": 32,
    "dummy": 16,
}
PIECES = {
    "mean over what is inside (Inception-ResNet-v2)": nn.AvgPool2d(
        3, stride=1, padding=1, count_include_pad=False
    ),
    "maxout (NN1)": Maxout(8, 4),  # of each line of pixels
    "pooling without padding (VGG)": nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, stride=2)
    ),
}


@pytest.fixture
def trained(make_network, tmp_path):
    path = tmp_path / "trained.safetensors"
    save_network(make_network("mobilefacenet", embedding_size=32), path, extra=ARCFACE)
    return path


@pytest.mark.parametrize("name", EXPORTED)
def test_every_kind_of_network_is_the_same_in_onnx_by_both_runtimes(name, make_network, tmp_path):
    side = EXPORTED[name]
    network = make_network(name, input_px=side, embedding_size=16)
    for module in network.modules():  # ONNX keeps every number as float32
        for number in ("eps", "_scale"):
            if hasattr(module, number):
                setattr(module, number, float(np.float32(getattr(module, number))))
    path = tmp_path / "network.onnx"
    path.write_bytes(write_onnx(UnitNetwork(network).eval(), size_px=side, dimension=16))
    crops = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    pixels = (torch.from_numpy(crops).permute(0, 3, 1, 2).float() - 127.5) / 128.0
    spec = NetworkSpec(path, mean=127.5, scale=128.0)
    with torch.inference_mode():
        by_torch = network.embed(pixels).numpy()
        true = network.double().embed(pixels.double()).numpy()
        (graph,) = OnnxGraph(spec).double()(pixels.double()).values()
    # in double precision nothing is left but what was written wrong
    np.testing.assert_allclose(graph.numpy(), true, rtol=0, atol=1e-9)
    # random weights let rounding grow (SqueezeNet: 6e-6 in torch itself)
    rounding = np.abs(by_torch - true).max()
    by_openvino = OpenVinoNetwork(spec).run(crops)["embedding"]
    assert np.abs(by_openvino - true).max() <= max(LIMIT, 4 * rounding)


@pytest.mark.parametrize("what", PIECES)
def test_pieces_of_the_larger_networks_are_the_same_in_onnx(what, tmp_path):
    path = tmp_path / "piece.onnx"
    path.write_bytes(write_onnx(_Rows(PIECES[what]).eval(), size_px=8, dimension=1))
    pixels = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = PIECES[what](pixels).flatten(1)
        (graph,) = OnnxGraph(NetworkSpec(path))(pixels).values()
    np.testing.assert_allclose(graph, expected, atol=1e-6)


class _Rows(nn.Module):
    def __init__(self, piece):
        super().__init__()
        self.piece = piece

    def forward(self, x):
        return self.piece(x).flatten(1)


@pytest.mark.parametrize("form", ["torchscript", "onnx", "safetensors"])
def test_a_trained_network_is_frozen_without_being_installed(form, trained, tmp_path, capsys):
    out = tmp_path / f"frozen.{form}"
    arguments = ["freeze", "--file", str(trained), "--format", form, "--json", str(out)]
    assert cli.main([*arguments, "--cache-dir", str(tmp_path / "cache")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["max_abs_diff"] <= LIMIT
    assert said["size_bytes"] == out.stat().st_size


def test_per_image_standardisation_travels_inside_the_exported_network(make_network, tmp_path):
    path = tmp_path / "trained.safetensors"
    crop = CropSpec("box-margin", 32, 4)
    extra = preparation_metadata(crop, scaling="per_image")
    save_network(make_network("nn4-small2", input_px=32), path, extra=extra)
    item = read_trained(path)
    assert item.spec == EmbeddingSpec(128, "rgb", "per_image", crop)
    frozen = freeze_model(
        item, form="onnx", out=tmp_path / "out.onnx", cache_dir=tmp_path / "cache"
    )
    assert frozen.max_abs_diff <= LIMIT


def test_a_trained_network_is_installed_and_answers_as_it_did_in_training(trained, tmp_path):
    folder, cache = tmp_path / "models", tmp_path / "cache"
    admission = admit_model(trained, Declaration(id="site", licence="ours"), models_dir=folder)
    item = find_model("site", models_dir=folder)
    assert item == admission.item
    assert (item.kind, item.file) == ("network", "model.safetensors")
    assert item.spec == EmbeddingSpec(32, "rgb", "symmetric", CropSpec(), "unit")
    assert any("mobilefacenet" in finding for finding in admission.findings)
    crops = golden_face().crop(CropSpec())
    pixels = (torch.from_numpy(crops).permute(0, 3, 1, 2).float() - 127.5) / 127.5
    with torch.inference_mode():
        expected = load_network(trained).embed(pixels).numpy()
    on_torch = DeviceChoice("cpu", "the processor", "f32", "torch")
    for choice in (REFERENCE, on_torch):
        network = open_model(item, choice=choice, cache_dir=cache)
        vectors = NetworkEmbedder(network, item=item, flip_fusion=False).embed(crops)
        np.testing.assert_allclose(vectors, expected, atol=LIMIT)
    assert verify_model(item, cache_dir=cache) < 1e-3


def test_a_frozen_safetensors_file_is_itself_installed_without_another_word(trained, tmp_path):
    out = tmp_path / "frozen.safetensors"
    freeze_model(read_trained(trained), form="safetensors", out=out, cache_dir=tmp_path / "cache")
    item = admit_model(
        out, Declaration(id="copy", licence="ours"), models_dir=tmp_path / "models"
    ).item
    assert item.spec.preprocessing == "arcface112-similarity-rgb-symmetric"


@pytest.mark.parametrize(
    ("declared", "code", "why"),
    [
        ({"scaling": "fixed"}, "model.declaration", "the file says symmetric"),
        ({"size_px": 160}, "model.declaration", "the file says 112"),
        ({"channel_order": "bgr"}, "model.declaration", "the file says rgb"),
        ({"alignment": "box-margin"}, "model.declaration", "the file says the template"),
        ({"dimension": 64}, "model.declaration", "it answers 32"),
    ],
)
def test_what_is_declared_must_agree_with_what_the_file_says(
    trained, tmp_path, declared, code, why
):
    with pytest.raises(ModelRejected) as refused:
        admit_model(
            trained,
            Declaration(id="site", licence="ours", **declared),
            models_dir=tmp_path / "models",
        )
    assert refused.value.code == code, why


def test_a_file_that_does_not_say_how_pixels_are_scaled_needs_a_word(make_network, tmp_path):
    path = tmp_path / "trained.safetensors"
    save_network(make_network("dummy", input_px=112, embedding_size=16), path)
    with pytest.raises(ModelRejected, match="--preprocessing") as refused:
        read_trained(path)
    assert refused.value.code == "model.preprocessing"
    assert read_trained(path, scaling="fixed").spec.scaling == "fixed"


def test_a_preparation_is_read_as_it_was_written():
    said = read_preparation(preparation_metadata(BOX, scaling="fixed", channel_order="bgr"))
    assert (said.channel_order, said.scaling) == ("bgr", "fixed")
    assert CropSpec(said.alignment, 96, said.margin_px, said.margin_convention) == BOX
    assert read_preparation({}).scaling is None


@pytest.mark.parametrize(
    "metadata", [{"scaling": "by hand"}, {"margin_px": "-3"}, {"channel_order": "grb"}]
)
def test_a_preparation_that_is_none_is_refused(metadata):
    with pytest.raises(ModelRejected) as refused:
        read_preparation(metadata)
    assert refused.value.code == "model.preprocessing"
