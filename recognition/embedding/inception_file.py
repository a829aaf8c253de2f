"""Reading Inception-ResNet-v1 from a file: facenet-pytorch's ``.pt``, ``.safetensors``, ``.npz``.

Nothing in a file is ever executed. Public surface: ``read_weights``, ``build_network``,
``write_weights``. Imports torch.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from recognition.embedding.inception_names import from_facenet_pytorch, from_tensorflow
from recognition.embedding.inception_resnet import InceptionResnetV1
from recognition.errors import ModelRejected

__all__ = ["build_network", "read_weights", "write_weights"]

Weights = dict[str, NDArray[np.float32]]

_DIMENSIONS = (128, 512)


def read_weights(path: Path) -> Weights:
    """The network's parameters under our names, float32, by the file's ending.

    ``.npz`` holds arrays under TensorFlow's variable names, the others facenet-pytorch's names.
    Raises ``ModelRejected``: ``model.unreadable`` for a file that is damaged, of another kind or
    wants to run code, ``model.names`` for missing or unexpected parameters, ``model.values`` for
    numbers that are not finite.
    """
    reader = {".npz": _read_npz, ".safetensors": _read_safetensors}.get(path.suffix, _read_pt)
    arrays = reader(path)
    is_tensorflow = any("/" in name for name in arrays)
    weights = from_tensorflow(arrays) if is_tensorflow else from_facenet_pytorch(arrays)
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise ModelRejected(
                f"{path.name}: {name} has a number that is not finite. The file is damaged, or "
                f"its training failed.",
                code="model.values",
            )
        if name.endswith(".running_var") and (value < 0.0).any():
            raise ModelRejected(
                f"{path.name}: the variance {name} is negative. The file is damaged.",
                code="model.values",
            )
    return weights


def build_network(weights: Mapping[str, NDArray[np.float32]]) -> InceptionResnetV1:
    """The network with these parameters, in evaluation mode; width and gamma are read off them.

    Raises ``ModelRejected`` (``model.shape``) where a parameter has another shape than the
    network's.
    """
    dimension = len(weights["last_linear.weight"])
    if dimension not in _DIMENSIONS:
        raise ModelRejected(
            f"The bottleneck has {dimension} outputs; Inception-ResNet-v1 comes with 128 or 512.",
            code="model.shape",
        )
    with torch.device("meta"):  # no time is spent on random parameters
        network = InceptionResnetV1(
            dimension=128 if dimension == 128 else 512, has_gamma="last_bn.weight" in weights
        )
    state = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in weights.items()}
    expected = network.state_dict()
    for name, value in state.items():
        if value.shape != expected[name].shape:
            raise ModelRejected(
                f"{name} has the shape {tuple(value.shape)}, expected "
                f"{tuple(expected[name].shape)}. Is it another network?",
                code="model.shape",
            )
    counters = {n: torch.tensor(0) for n in expected if n.endswith(".num_batches_tracked")}
    network.load_state_dict(state | counters, assign=True)
    return network.eval().requires_grad_(requires_grad=False)


def write_weights(
    weights: Mapping[str, NDArray[np.float32]], *, metadata: Mapping[str, str] | None = None
) -> bytes:
    """The parameters as a safetensors file."""
    payload: bytes = save(dict(weights), metadata=dict(metadata or {}))
    return payload


def _read_npz(path: Path) -> Weights:
    try:
        # opened here: numpy leaves the file open where it cannot make sense of it
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise _unreadable(path, "a NumPy .npz archive of plain arrays", error) from error


def _read_safetensors(path: Path) -> Weights:
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError, KeyError) as error:
        raise _unreadable(path, "a safetensors file", error) from error


def _read_pt(path: Path) -> Weights:
    """torch's own format, by its loader that knows tensors and nothing that runs."""
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as error:
        # torch's own words advise to load it unsafely, which must not reach anybody
        why = "it is cut off, or holds more than tensors"
        raise _unreadable(path, "a torch state dict of plain tensors", why) from error
    if not isinstance(loaded, dict) or not all(
        isinstance(value, torch.Tensor) for value in loaded.values()
    ):
        raise _unreadable(path, "a torch state dict of plain tensors", "it holds something else")
    return {str(name): value.float().numpy() for name, value in loaded.items()}


def _unreadable(path: Path, expected: str, why: object) -> ModelRejected:
    reason = str(why).splitlines()[0][:200] if str(why) else type(why).__name__
    return ModelRejected(
        f"{path.name} cannot be read as {expected}: {reason}. Download it again and compare its "
        f"digest with the publisher's.",
        code="model.unreadable",
    )
