"""Reads MTCNN weights that an owner brings: facenet's ``det*.npy`` and facenet-pytorch's ``*.pt``.

Both are pickles. Neither is executed: torch reads its own with ``weights_only``, and the
``.npy`` reader below knows three names and calls nothing of numpy.
Public surface: ``import_mtcnn``.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.detection._npy_objects import read_object_npy
from recognition.detection.mtcnn_weights import KerasArrays, MtcnnWeights
from recognition.errors import WeightsError

__all__ = ["import_mtcnn"]

# The largest of these files has 1.6 MB, an L-Net's would have 3.3.
_MAX_BYTES = 64 << 20

Layers = dict[str, NDArray[np.float32]]

# Layers in our order, as facenet's npy files name them, and what tells the network: its own heads.
_NPY_LAYERS: dict[str, tuple[str, ...]] = {
    "pnet": ("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "conv4-2", "conv4-1"),
    "rnet": (
        *("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3"),
        *("conv4", "prelu4", "conv5-2", "conv5-1"),
    ),
    "onet": (
        *("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "conv4", "prelu4"),
        *("conv5", "prelu5", "conv6-2", "conv6-3", "conv6-1"),
    ),
    "lnet": (
        *(
            f"{kind}{stage}_{patch}"
            for patch in range(1, 6)
            for stage in range(1, 4)
            for kind in ("conv", "prelu")
        ),
        *("fc4", "prelu4"),
        *(
            name
            for point in range(1, 6)
            for name in (f"fc4_{point}", f"prelu4_{point}", f"fc5_{point}")
        ),
    ),
}


def import_mtcnn(paths: Sequence[Path]) -> MtcnnWeights:
    """Weights from the files of three networks, in any order, all ``.npy`` or all ``.pt``.

    * ``det1.npy``, ``det2.npy``, ``det3.npy`` (facenet), and ``det4.npy`` for an L-Net under its
      Caffe names: a dictionary of layers of ``weights``, ``biases`` or ``alpha``. They were
      trained on transposed pictures, so their kernels are turned upright here.
    * ``pnet.pt``, ``rnet.pt``, ``onet.pt`` (facenet-pytorch): state dictionaries, upright.

    What a file is for is read from its layers, not from its name. Raises ``WeightsError`` for a
    file that cannot be read, holds anything but arrays, or does not fit, and where a network
    is missing or given twice.
    """
    found: dict[str, KerasArrays] = {}
    for path in paths:
        network, arrays = _read(path)
        if network in found:
            raise WeightsError(f"{path} is a second file for {network}: give one file a network")
        found[network] = arrays
    if missing := [name for name in ("pnet", "rnet", "onet") if name not in found]:
        raise WeightsError(
            f"no file for {', '.join(missing)} among {', '.join(p.name for p in paths) or 'none'}: "
            "MTCNN needs det1.npy, det2.npy and det3.npy, or pnet.pt, rnet.pt and onet.pt"
        )
    return MtcnnWeights(**found)


def _read(path: Path) -> tuple[str, KerasArrays]:
    readers = {".npy": _npy_layers, ".pt": _torch_layers}
    if path.suffix not in readers:
        raise WeightsError(f"{path.name} is neither a .npy nor a .pt file of MTCNN weights")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise WeightsError(
                f"{path.name} has {path.stat().st_size >> 20} MB; a network of MTCNN has 2: "
                "it is another file"
            )
        layers = readers[path.suffix](path)
    except (OSError, EOFError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"{path.name} is not a readable file of MTCNN weights: {_first_line(error)}"
        ) from error
    return _named(path, layers)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:200] or type(error).__name__


def _named(path: Path, layers: Layers) -> tuple[str, KerasArrays]:
    """Which network these layers are, and its arrays in our order."""
    for network, names in _NPY_LAYERS.items():
        expected = [key for name in names for key in _parts(name)]
        if set(expected) == set(layers):
            return network, tuple(layers[key] for key in expected)
    raise WeightsError(
        f"{path.name} has the layers {', '.join(sorted({key.split('.')[0] for key in layers}))}, "
        "which are no network of MTCNN"
    )


def _parts(layer: str) -> tuple[str, ...]:
    return (
        (f"{layer}.alpha",)
        if layer.startswith("prelu")
        else (f"{layer}.weights", f"{layer}.biases")
    )


def _npy_layers(path: Path) -> Layers:
    """Kernels are HWIO of transposed pictures; dense layers count width first, as ours do."""
    content = read_object_npy(path)
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(parts, Mapping) for name, parts in content.items()
    ):
        raise WeightsError(f"{path.name} does not hold a dictionary of layers")
    layers: Layers = {}
    for name, parts in content.items():
        for part, values in parts.items():
            if not isinstance(values, np.ndarray):
                raise WeightsError(f"{path.name} holds no array as {name}'s {part}")
            upright = values.transpose(1, 0, 2, 3) if values.ndim == 4 else values
            layers[f"{name.lower()}.{part}"] = np.ascontiguousarray(upright, dtype=np.float32)
    return layers


def _torch_layers(path: Path) -> Layers:
    """Kernels are OIHW, dense ones OI, upright; ``dense6_1`` is ``conv6-1`` of the npy files."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a pickle that torch did not write
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own message advises to run the code in it
        raise pickle.UnpicklingError(
            "it holds more than tensors, or is no file of torch"
        ) from error
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    ):
        raise WeightsError(f"{path.name} does not hold a dictionary of tensors")
    kept = {"weight": "weights", "bias": "biases"}
    layers: Layers = {}
    for key, value in state.items():
        name, _, part = key.rpartition(".")
        array: NDArray[Any] = value.detach().to(torch.float32).numpy()
        array = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T
        name = name.replace("dense", "conv").replace("_", "-")
        part = "alpha" if name.startswith("prelu") else kept.get(part, part)
        layers[f"{name}.{part}"] = np.ascontiguousarray(array)
    return layers
