"""Weights of Inception-ResNet-v1 under other names: facenet-pytorch's and TensorFlow's.

Only names and axis orders; no file is read here. Public surface: ``from_tensorflow``,
``from_facenet_pytorch``, ``tensorflow_names``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from recognition.errors import ModelRejected

__all__ = ["from_facenet_pytorch", "from_tensorflow", "tensorflow_names"]

Weights = dict[str, NDArray[np.float32]]

_SCOPE = "InceptionResnetV1/"
# What a checkpoint holds besides the network: optimiser slots, moving averages of the variables,
# the classifier that was only needed for training.
_SLOTS = ("/Adam", "/Adam_1", "/RMSProp", "/RMSProp_1", "/Momentum", "/Adagrad")
_AVERAGE = "/ExponentialMovingAverage"
_NOT_THE_NETWORK = ("Logits/", "global_step", "beta1_power", "beta2_power", "centers")

_STEM = {
    "conv2d_1a": "Conv2d_1a_3x3",
    "conv2d_2a": "Conv2d_2a_3x3",
    "conv2d_2b": "Conv2d_2b_3x3",
    "conv2d_3b": "Conv2d_3b_1x1",
    "conv2d_4a": "Conv2d_4a_3x3",
    "conv2d_4b": "Conv2d_4b_3x3",
}
_BLOCK35 = {
    "branch0": "Branch_0/Conv2d_1x1",
    "branch1.0": "Branch_1/Conv2d_0a_1x1",
    "branch1.1": "Branch_1/Conv2d_0b_3x3",
    "branch2.0": "Branch_2/Conv2d_0a_1x1",
    "branch2.1": "Branch_2/Conv2d_0b_3x3",
    "branch2.2": "Branch_2/Conv2d_0c_3x3",
}
_BLOCK17 = {
    "branch0": "Branch_0/Conv2d_1x1",
    "branch1.0": "Branch_1/Conv2d_0a_1x1",
    "branch1.1": "Branch_1/Conv2d_0b_1x7",
    "branch1.2": "Branch_1/Conv2d_0c_7x1",
}
_BLOCK8 = {
    "branch0": "Branch_0/Conv2d_1x1",
    "branch1.0": "Branch_1/Conv2d_0a_1x1",
    "branch1.1": "Branch_1/Conv2d_0b_1x3",
    "branch1.2": "Branch_1/Conv2d_0c_3x1",
}
_MIXED_6A = {
    "branch0": "Branch_0/Conv2d_1a_3x3",
    "branch1.0": "Branch_1/Conv2d_0a_1x1",
    "branch1.1": "Branch_1/Conv2d_0b_3x3",
    "branch1.2": "Branch_1/Conv2d_1a_3x3",
}
_MIXED_7A = {
    "branch0.0": "Branch_0/Conv2d_0a_1x1",
    "branch0.1": "Branch_0/Conv2d_1a_3x3",
    "branch1.0": "Branch_1/Conv2d_0a_1x1",
    "branch1.1": "Branch_1/Conv2d_1a_3x3",
    "branch2.0": "Branch_2/Conv2d_0a_1x1",
    "branch2.1": "Branch_2/Conv2d_0b_3x3",
    "branch2.2": "Branch_2/Conv2d_1a_3x3",
}


def tensorflow_names() -> dict[str, str]:
    """Our parameter names by the variable names of facenet's checkpoints (without gamma)."""
    found: dict[str, str] = {}
    for ours, theirs in _convolutions():
        found[f"{_SCOPE}{theirs}/weights"] = f"{ours}.conv.weight"
        found |= _norm(ours=f"{ours}.bn", theirs=f"{_SCOPE}{theirs}")
    for ours, theirs in _residual_blocks():
        found[f"{_SCOPE}{theirs}/Conv2d_1x1/weights"] = f"{ours}.conv2d.weight"
        found[f"{_SCOPE}{theirs}/Conv2d_1x1/biases"] = f"{ours}.conv2d.bias"
    found[f"{_SCOPE}Bottleneck/weights"] = "last_linear.weight"
    return found | _norm(ours="last_bn", theirs=f"{_SCOPE}Bottleneck")


def from_tensorflow(variables: Mapping[str, NDArray[np.float32]]) -> Weights:
    """A state dict from arrays under TensorFlow's names, axes turned to torch's order.

    Optimiser slots and the training classifier are left out. Where a checkpoint has both a
    variable and its moving average, the average is taken, as facenet evaluated. Raises
    ``ModelRejected`` (``model.names``) with the names that are missing or unexpected.
    """
    plain = {name.removesuffix(":0"): value for name, value in variables.items()}
    averages = {n.removesuffix(_AVERAGE): v for n, v in plain.items() if n.endswith(_AVERAGE)}
    kept = {
        name: averages.get(name, value)
        for name, value in plain.items()
        if not name.endswith((*_SLOTS, _AVERAGE)) and not name.startswith(_NOT_THE_NETWORK)
    }
    names = tensorflow_names()
    _require_same_names(expected=set(names), found=set(kept), whose="TensorFlow")
    return {names[name]: _turned(value) for name, value in kept.items()}


def from_facenet_pytorch(state: Mapping[str, NDArray[np.float32]]) -> Weights:
    """The same from facenet-pytorch's state dict: its classifier and counters are left out."""
    kept = {
        name: np.asarray(value, dtype=np.float32)
        for name, value in state.items()
        if not name.startswith("logits.") and not name.endswith(".num_batches_tracked")
    }
    names = set(tensorflow_names().values())
    gammas = {
        name.removesuffix("running_mean") + "weight" for name in names if ".running_mean" in name
    }
    has_gamma = any(name in kept for name in gammas)
    expected = names | gammas if has_gamma else names
    _require_same_names(expected=expected, found=set(kept), whose="facenet-pytorch")
    return kept


def _convolutions() -> Iterator[tuple[str, str]]:
    """Every convolution that has a batch normalisation: our path and TensorFlow's."""
    yield from _STEM.items()
    parts = [("mixed_6a", "Mixed_6a", _MIXED_6A), ("mixed_7a", "Mixed_7a", _MIXED_7A)]
    blocks = {"repeat_1": _BLOCK35, "repeat_2": _BLOCK17, "repeat_3": _BLOCK8, "block8": _BLOCK8}
    parts += [(ours, theirs, blocks[ours.split(".")[0]]) for ours, theirs in _residual_blocks()]
    for ours, theirs, branches in parts:
        for branch, scope in branches.items():
            yield f"{ours}.{branch}", f"{theirs}/{scope}"


def _residual_blocks() -> Iterator[tuple[str, str]]:
    repeats = [("repeat_1", "Repeat/block35", 5), ("repeat_2", "Repeat_1/block17", 10)]
    for ours, theirs, count in [*repeats, ("repeat_3", "Repeat_2/block8", 5)]:
        for number in range(count):
            yield f"{ours}.{number}", f"{theirs}_{number + 1}"
    yield "block8", "Block8"


def _norm(*, ours: str, theirs: str) -> dict[str, str]:
    return {
        f"{theirs}/BatchNorm/beta": f"{ours}.bias",
        f"{theirs}/BatchNorm/moving_mean": f"{ours}.running_mean",
        f"{theirs}/BatchNorm/moving_variance": f"{ours}.running_var",
    }


def _turned(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Height, width, in, out to out, in, height, width; in, out to out, in."""
    array = np.asarray(value, dtype=np.float32)
    if array.ndim == 4:
        array = array.transpose(3, 2, 0, 1)
    elif array.ndim == 2:
        array = array.T
    return np.ascontiguousarray(array)


def _require_same_names(*, expected: set[str], found: set[str], whose: str) -> None:
    missing, unexpected = sorted(expected - found), sorted(found - expected)
    if missing or unexpected:
        raise ModelRejected(
            f"The file does not hold Inception-ResNet-v1 under {whose} names: "
            f"{_listed(missing, 'missing')}; {_listed(unexpected, 'unexpected')}.",
            code="model.names",
        )


def _listed(names: list[str], what: str) -> str:
    if not names:
        return f"none {what}"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{len(names)} {what} ({', '.join(names[:3])}{more})"
