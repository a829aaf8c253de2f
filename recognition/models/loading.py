"""From a manifest entry to a network that runs.

Public surface: ``open_model``, ``float_onnx``, ``model_mean``.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.derived import derived_file, derived_name
from recognition.device import DeviceChoice
from recognition.embedding_spec import SCALINGS
from recognition.errors import ModelRejected
from recognition.models.own_networks import OWN_KINDS, own_network, with_standardisation
from recognition.runtime import Network, NetworkSpec, float_graph, open_network
from recognition.runtime.int8 import int8_ranges
from recognition.weights import WeightsEntry, verified

__all__ = ["float_onnx", "model_mean", "open_model"]

# Part of the cached files' names: raise one whenever its derivation changes its result.
_PACK_RECIPE = 1
_OWN_RECIPE = 1
_MEAN_RECIPE = 1


def open_model(
    item: WeightsEntry, *, choice: DeviceChoice, threads: int = 0, cache_dir: Path | None = None
) -> Network:
    """Load a model's verified weights with the runtime that was chosen.

    Raises ``WeightsError`` for wrong or missing files, ``ModelRejected`` for a network that this
    runtime cannot run.
    """
    if item.kind in OWN_KINDS and choice.runtime == "torch":
        from recognition.embedding.inception_torch import TorchInception

        network = own_network(item, verified(item))
        return TorchInception(
            network, spec=item.spec, device=choice.device, precision=choice.precision
        )
    return open_network(
        network_spec(item, cache_dir=cache_dir), choice, threads=threads, cache_dir=cache_dir
    )


def network_spec(item: WeightsEntry, *, cache_dir: Path | None) -> NetworkSpec:
    """The float32 ONNX file of a model, and what must be done to the pixels before it."""
    mean, scale = SCALINGS[item.spec.scaling] or (0.0, 1.0)  # "per_image" is in the graph
    return NetworkSpec(
        float_onnx(item, cache_dir=cache_dir),
        channel_order=item.spec.channel_order,
        mean=mean,
        scale=scale,
        int8_ranges=int8_ranges(item.id),
    )


def float_onnx(item: WeightsEntry, *, cache_dir: Path | None) -> Path:
    """Path of a plain float32 ONNX file with these weights; the source is verified each time."""
    if item.kind == "sface":
        return float_graph(item.id, cache_dir=cache_dir)
    source = verified(item)
    if item.kind == "onnx-arcface":
        from recognition.models.onnx_pack import plain_pack

        name = derived_name(item.id, item.sha256, f"p{_PACK_RECIPE}.onnx")
        return derived_file(name, cache_dir=cache_dir, derive=lambda: plain_pack(source))
    if item.kind in OWN_KINDS:
        scaling = item.spec.scaling
        name = derived_name(item.id, item.sha256, f"{scaling}-i{_OWN_RECIPE}.onnx")
        return derived_file(name, cache_dir=cache_dir, derive=lambda: _own_onnx(source, item=item))
    raise ModelRejected(f"{item.id!r} is a {item.kind} file and embeds nothing.")


def model_mean(item: WeightsEntry, *, cache_dir: Path | None) -> NDArray[np.float32] | None:
    """What ``geometry.centring.network_mean`` says of a model, ``(D,) float32``.

    None for added models: that centring helps was measured for the shipped one only
    (``bench/ACCURACY.md``), and their owner's thresholds are for plain cosines.
    """
    if item.kind != "sface":
        return None
    name = derived_name(item.id, item.sha256, f"mean{_MEAN_RECIPE}.npy")
    path = derived_file(
        name, cache_dir=cache_dir, derive=lambda: _mean_file(item, cache_dir=cache_dir)
    )
    return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)


def _mean_file(item: WeightsEntry, *, cache_dir: Path | None) -> bytes:
    from recognition.models.mean import network_mean

    mean = network_mean(float_onnx(item, cache_dir=cache_dir))
    if mean is None:
        raise ModelRejected(f"{item.id!r} does not end in a batch normalisation, as it should.")
    content = BytesIO()
    np.save(content, mean)
    return content.getvalue()


def _own_onnx(source: Path, *, item: WeightsEntry) -> bytes:
    from recognition.models.onnx_writer import write_onnx

    network = with_standardisation(own_network(item, source), item)
    return write_onnx(network, size_px=item.spec.crop.size_px, dimension=item.spec.dimension)
