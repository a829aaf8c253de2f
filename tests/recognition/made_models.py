"""Made embedding models: a tiny ONNX pack and Inception-ResNet-v1 with seeded weights.

No published recogniser besides SFace is at hand; these have the same form and no skill.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from recognition.config import EngineConfig
from recognition.embedding.inception_resnet import InceptionResnetV1
from recognition.models.admission import Declaration, admit_model
from recognition.pipeline import Engine, load_engine

SIDE = 112
DIMENSION = 16


def made_pack(
    path: Path,
    *,
    side: int = SIDE,
    scales_itself: bool = False,
    batch: int | str = "n",
    unit: bool = False,
    red_weight: float = 1.0,
    grey: bool = False,
    factor: float = 1.0,
    bias: float = 0.0,
    input_shape: list | None = None,
    extra_nodes: list | None = None,
    extra_inputs: list | None = None,
    extra_outputs: list | None = None,
    metadata: dict[str, str] | None = None,
    seed: int = 1,
) -> Path:
    """An ArcFace-like pack: convolution, flattening, one linear layer.

    ``red_weight`` other than 1 makes the answer's length grow with the first channel;
    ``grey`` weighs all three alike. ``factor`` and ``bias`` are on the output.
    """
    rng = np.random.default_rng(seed)
    filters = rng.normal(0, 0.1, (4, 3, 8, 8)).astype(np.float32)
    if red_weight != 1.0:
        filters[:, 0] = np.abs(filters[:, 0]) * red_weight
    if grey:
        filters[:] = filters.mean(axis=1, keepdims=True)
    cells = 4 * (side // 8) ** 2
    constants = {
        "filters": filters,
        "matrix": (rng.normal(0, 1 / np.sqrt(cells), (cells, DIMENSION)) * factor).astype("f4"),
        "bias": np.full(DIMENSION, bias, np.float32),
        "shape": np.array([1 if batch == 1 else -1, cells], np.int64),
        "mean": np.float32(127.5),
        "scale": np.float32(1 / 127.5),
    }
    head = ["scaled"] if scales_itself else ["pixels"]
    nodes = [
        helper.make_node("Sub", ["pixels", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"]),
    ] * scales_itself
    nodes += [
        helper.make_node("Conv", [head[0], "filters"], ["mapped"], strides=[8, 8]),
        helper.make_node("Relu", ["mapped"], ["kept"]),
        helper.make_node("Dropout", ["kept"], ["dropped"]),
        helper.make_node("Reshape", ["dropped", "shape"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix", "bias"], ["raw" if unit else "vector"]),
    ]
    if unit:
        nodes.append(helper.make_node("LpNormalization", ["raw"], ["vector"], axis=1, p=2))
    nodes += extra_nodes or []
    used = {name for node in nodes for name in node.input}
    shape = input_shape or [batch, 3, side, side]
    graph = helper.make_graph(
        nodes,
        "made",
        [
            helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape),
            *(extra_inputs or []),
        ],
        [
            helper.make_tensor_value_info("vector", TensorProto.FLOAT, [batch, DIMENSION]),
            *(extra_outputs or []),
        ],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items() if k in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    helper.set_model_props(model, metadata or {})
    onnx.save(model, path)
    return path


def engine_on_made_pack(
    folder: Path, cache_dir: Path, *, declared: Mapping[str, Any] | None = None, **making: Any
) -> Engine:
    """An engine in float32 on a made pack, added as ``made`` to the models in ``folder / "kept"``."""
    pack = made_pack(folder / "made.onnx", **making)
    declaration = Declaration(id="made", licence="mine", channel_order="rgb", **(declared or {}))
    admit_model(pack, declaration, models_dir=folder / "kept")
    return load_engine(
        EngineConfig(
            device="cpu",
            precision="f32",
            model="made",
            models_dir=folder / "kept",
            cache_dir=cache_dir,
        )
    )


def made_inception(*, dimension: int = 512, has_gamma: bool = True, seed: int = 0):
    """Seeded weights whose batch statistics are those of real activations.

    Untouched random weights answer nearly the same for every picture, which the checks refuse.
    """
    torch.manual_seed(seed)
    network = InceptionResnetV1(dimension=dimension, has_gamma=has_gamma)
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.normal(0, 1, (6, 3, 10, 10)).astype(np.float32))
    pictures = torch.nn.functional.interpolate(coarse, size=160, mode="bilinear")
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.momentum = None  # a plain mean over what is seen
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
            if module.weight is not None:
                torch.nn.init.uniform_(module.weight, 0.8, 1.2)
    with torch.no_grad():
        network.train()(pictures)
    return network.eval()


def to_tensorflow(state):
    """A state dict under TensorFlow's names and in its axis order, written down on its own."""
    renamed = {}
    for name, value in state.items():
        array = value.detach().numpy()
        if name.endswith("num_batches_tracked"):
            continue
        if array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)
        elif array.ndim == 2:
            array = array.T
        renamed[tensorflow_name(name)] = array
    return renamed


_STEMS = {"1a": "3x3", "2a": "3x3", "2b": "3x3", "3b": "1x1", "4a": "3x3", "4b": "3x3"}
_REPEATS = {
    "repeat_1": "Repeat/block35",
    "repeat_2": "Repeat_1/block17",
    "repeat_3": "Repeat_2/block8",
}
_KERNELS = {
    "block35": {"0": ["1x1"], "1": ["0a_1x1", "0b_3x3"], "2": ["0a_1x1", "0b_3x3", "0c_3x3"]},
    "block17": {"0": ["1x1"], "1": ["0a_1x1", "0b_1x7", "0c_7x1"]},
    "block8": {"0": ["1x1"], "1": ["0a_1x1", "0b_1x3", "0c_3x1"]},
    "mixed_6a": {"0": ["1a_3x3"], "1": ["0a_1x1", "0b_3x3", "1a_3x3"]},
    "mixed_7a": {
        "0": ["0a_1x1", "1a_3x3"],
        "1": ["0a_1x1", "1a_3x3"],
        "2": ["0a_1x1", "0b_3x3", "1a_3x3"],
    },
}
_LEAVES = {
    "conv.weight": "weights",
    "bn.bias": "BatchNorm/beta",
    "bn.running_mean": "BatchNorm/moving_mean",
    "bn.running_var": "BatchNorm/moving_variance",
}


def tensorflow_name(name: str) -> str:
    """facenet's variable for one of our parameters, from the published graph's scopes."""
    scope = "InceptionResnetV1/"
    block, _, rest = name.partition(".")
    if block == "last_linear":
        return scope + "Bottleneck/weights"
    if block == "last_bn":
        return scope + "Bottleneck/" + _LEAVES["bn." + rest]
    if block.startswith("conv2d_"):
        number = block.removeprefix("conv2d_")
        return f"{scope}Conv2d_{number}_{_STEMS[number]}/{_LEAVES[rest]}"
    kind, place = block, scope + block.capitalize()
    if block in _REPEATS:
        index, _, rest = rest.partition(".")
        place = f"{scope}{_REPEATS[block]}_{int(index) + 1}"
        kind = _REPEATS[block].rsplit("/", 1)[1]
    if rest.startswith("conv2d."):
        return f"{place}/Conv2d_1x1/{'weights' if rest.endswith('weight') else 'biases'}"
    branch, _, rest = rest.removeprefix("branch").partition(".")
    kernels = _KERNELS[kind][branch]
    at = 0
    if rest[0].isdigit():
        index, _, rest = rest.partition(".")
        at = int(index)
    return f"{place}/Branch_{branch}/Conv2d_{kernels[at]}/{_LEAVES[rest]}"
