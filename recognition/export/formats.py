"""One embedding network in three file formats, each with what is needed to use it.

Every file takes prepared pixels, ``(N, 3, S, S) float32``, and carries the same metadata under
``gatehouse``. Public surface: the names in ``__all__``. Imports torch.
"""

from __future__ import annotations

import io
import json
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor, nn

from recognition.embedding.inception_file import build_network, read_weights, write_weights
from recognition.embedding.inception_names import from_facenet_pytorch
from recognition.embedding_spec import SCALINGS
from recognition.models.loading import float_onnx
from recognition.models.own_networks import OWN_KINDS, own_network, with_standardisation
from recognition.networks.files import load_network, network_bytes
from recognition.networks.preparation import preparation_metadata
from recognition.runtime import NetworkSpec
from recognition.runtime.openvino import OpenVinoNetwork
from recognition.runtime.torch_graph import OnnxGraph
from recognition.weights import WeightsEntry, verified

__all__ = ["Format", "Run", "as_run", "metadata_of", "read_back", "torch_module", "write_format"]

Format = Literal["torchscript", "onnx", "safetensors"]

Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""``(N, S, S, 3) uint8`` RGB crops to raw ``(N, D) float32``."""

_EXTRA_FILE = "gatehouse.json"


def torch_module(item: WeightsEntry, *, cache_dir: Path | None) -> nn.Module:
    """The network in float32, evaluation mode: prepared pixels in, ``(N, D)`` out.

    ``per_image`` standardisation is part of the module, so that it takes 0..255.
    """
    if item.kind in OWN_KINDS:
        return with_standardisation(own_network(item, verified(item)), item)
    return _FirstOutput(OnnxGraph(NetworkSpec(float_onnx(item, cache_dir=cache_dir)))).eval()


def metadata_of(item: WeightsEntry, *, form: Format) -> dict[str, str]:
    """What a user of the file must know, as text."""
    spec = item.spec
    is_inside = spec.scaling == "per_image" and form != "safetensors"
    return {
        "model_id": item.id,
        "kind": item.kind,
        "dimension": str(spec.dimension),
        "input": f"(N, 3, {spec.crop.size_px}, {spec.crop.size_px}) float32",
        "channel_order": spec.channel_order,
        "scaling": "raw" if is_inside else spec.scaling,
        "crop": spec.crop.name,
        "output_norm": spec.output_norm,
        "source_sha256": item.source_sha256 or item.sha256,
        "space_id": item.space.id,
        "licence": item.licence,
        "origin": item.origin,
    }


def write_format(item: WeightsEntry, *, form: Format, cache_dir: Path | None) -> bytes:
    """The file's content. Raises ``ModelRejected`` for an operator that torch's runtime lacks."""
    metadata = metadata_of(item, form=form)
    if form == "torchscript":
        return _torchscript(torch_module(item, cache_dir=cache_dir), item, metadata)
    if form == "onnx":
        import onnx

        model = onnx.load(str(float_onnx(item, cache_dir=cache_dir)))
        properties = {f"gatehouse.{name}": value for name, value in metadata.items()}
        onnx.helper.set_model_props(model, properties)
        onnx.checker.check_model(model)
        payload: bytes = model.SerializeToString()
        return payload
    if item.kind == "inception-resnet-v1":
        return write_weights(read_weights(verified(item)), metadata=metadata)
    if item.kind == "network":
        return _network_file(item, metadata)
    return write_weights(_onnx_weights(float_onnx(item, cache_dir=cache_dir)), metadata=metadata)


def read_back(path: Path, *, form: Format, item: WeightsEntry, cache_dir: Path | None) -> Run:
    """Load a written file as another program would, ready to run.

    A safetensors file has weights only: its network is built from ``item``'s kind or graph.
    """
    if form == "torchscript":
        with _without_deprecation():
            module = torch.jit.load(path)  # type: ignore[no-untyped-call]
        return as_run(module, item=item)
    if form == "onnx":
        mean, scale = SCALINGS[item.spec.scaling] or (0.0, 1.0)
        order = item.spec.channel_order
        network = OpenVinoNetwork(NetworkSpec(path, channel_order=order, mean=mean, scale=scale))
        return lambda crops: next(iter(network.run(crops).values()))
    if item.kind == "inception-resnet-v1":
        network_read = build_network(from_facenet_pytorch(load_file(path)))
        return as_run(with_standardisation(network_read, item), item=item)
    if item.kind == "network":
        return as_run(with_standardisation(own_network(item, path), item), item=item)
    return as_run(_graph_with(path, float_onnx(item, cache_dir=cache_dir)), item=item)


class _FirstOutput(nn.Module):
    def __init__(self, graph: nn.Module) -> None:
        super().__init__()
        self._graph = graph

    def forward(self, pixels: Tensor) -> Tensor:
        outputs: dict[str, Tensor] = self._graph(pixels)
        return next(iter(outputs.values()))


def as_run(module: Callable[[Tensor], Tensor], *, item: WeightsEntry) -> Run:
    """A network over prepared pixels as a function of crops."""
    mean, scale = SCALINGS[item.spec.scaling] or (0.0, 1.0)

    def run(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2).float()
        if item.spec.channel_order == "bgr":
            pixels = pixels.flip(1)
        with torch.inference_mode():
            raw: NDArray[np.float32] = module((pixels - mean) / scale).numpy()
        return raw

    return run


def _network_file(item: WeightsEntry, metadata: dict[str, str]) -> bytes:
    """The trained network's own file, with what `models add` reads of it."""
    network = load_network(verified(item))
    preparation = preparation_metadata(
        item.spec.crop, scaling=item.spec.scaling, channel_order=item.spec.channel_order
    )
    return network_bytes(network, extra=metadata | preparation)


def _torchscript(module: nn.Module, item: WeightsEntry, metadata: dict[str, str]) -> bytes:
    side = item.spec.crop.size_px
    buffer = io.BytesIO()
    with _without_deprecation(), torch.inference_mode():
        # two pictures: a batch of one would be taken for a fixed size
        example = torch.zeros(2, 3, side, side)
        traced: Any = torch.jit.trace(module, example, check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, buffer, _extra_files={_EXTRA_FILE: json.dumps(metadata)})
    return buffer.getvalue()


@contextmanager
def _without_deprecation() -> Iterator[None]:
    """torch 2.13 advises against TorchScript; whoever asks for the format needs it all the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.", DeprecationWarning)
        yield


def _onnx_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    return {item.name: numpy_helper.to_array(item) for item in graph.initializer}


def _graph_with(weights: Path, graph: Path) -> nn.Module:
    """The ONNX graph with its weights taken from a safetensors file."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(graph))
    loaded = load_file(weights)
    for item in model.graph.initializer:
        item.CopyFrom(numpy_helper.from_array(loaded[item.name], item.name))
    with tempfile.TemporaryDirectory(prefix="gatehouse-export-") as work:
        path = Path(work) / "network.onnx"
        path.write_bytes(model.SerializeToString())
        return _FirstOutput(OnnxGraph(NetworkSpec(path))).eval()
