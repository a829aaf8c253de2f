"""Rewriting a network for OpenVINO's processor kernels, before it is compiled.

Both rewritings are read off measurements of where the time goes (``python -m bench.embedding
--layers``). Public surface: ``spread_prelu``, ``quantise``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

__all__ = ["quantise", "spread_prelu"]

_LEVELS = 256
# One fewer, so that zero lies in the middle and a weight and its negative quantise alike.
_WEIGHT_LEVELS = 255
# What may lie between an activation and the product that reads it without changing a value.
_SHAPES_ONLY = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten"})


def spread_prelu(model: ov.Model) -> None:
    """Write every PReLU as ``x + (slope - 1) min(x, 0)``, which is the same number.

    Left alone it is fused into the convolution before it, where one slope per channel costs a
    division of addresses for every sixteen numbers: 8.2 instead of 6.9 ms of processor time for a
    face in SFace (bf16, Zen 4), and 5.7 instead of 4.5 where the convolutions are int8.
    """
    for node in model.get_ordered_ops():
        if node.get_type_name() != "PRelu":
            continue
        data, slope = node.input_value(0), node.input_value(1)
        one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
        negative = ops.multiply(ops.minimum(data, zero), ops.subtract(slope, one))
        _replace(node, ops.add(data, negative))


def quantise(model: ov.Model, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Have the products that read the named tensors computed in int8.

    ``ranges`` has for each tensor of the network the least and the greatest value that matter;
    they are widened to include zero, which becomes a level of its own. Activations get 256 levels
    a tensor, weights 255 a row of their product. All else stays in the floating precision.

    Raises ``ValueError`` for a tensor that the network does not have.
    """
    quantised = {name: _fake_quantised(model, name, bounds) for name, bounds in ranges.items()}
    for node in model.get_ordered_ops():
        if node.get_type_name() not in {"Convolution", "MatMul"}:
            continue
        source = node.input_value(0).get_node()
        while source.get_type_name() in _SHAPES_ONLY:
            source = source.input_value(0).get_node()
        if any(source == made for made in quantised.values()):
            _quantise_weights(node)


def _fake_quantised(model: ov.Model, name: str, bounds: tuple[float, float]) -> Any:
    output = next(
        (o for n in model.get_ordered_ops() for o in n.outputs() if name in o.get_names()), None
    )
    if output is None:
        raise ValueError(
            f"int8 ranges are given for the tensor {name!r}, which this network does not have; "
            f"make them again with python -m bench.int8_ranges"
        )
    readers = output.get_target_inputs()
    low, high = min(bounds[0], 0.0), max(bounds[1], 0.0)
    step = (high - low) / (_LEVELS - 1)
    low = round(low / step) * step
    limits = [np.float32(low), np.float32(low + step * (_LEVELS - 1))]
    made = ops.fake_quantize(output, *limits, *limits, _LEVELS)
    for reader in readers:
        reader.replace_source_output(made.output(0))
    return made


def _quantise_weights(node: Any) -> None:
    weights = node.input_value(1)
    values = weights.get_node().get_data()
    rows = tuple(range(1, values.ndim))  # outputs first, in a convolution and in x W^T
    largest = np.abs(values).max(axis=rows, keepdims=True).astype(np.float32)
    limits = [ops.constant(-largest), ops.constant(largest)]
    made = ops.fake_quantize(weights, *limits, *limits, _WEIGHT_LEVELS)
    node.input(1).replace_source_output(made.output(0))


def _replace(node: Any, by: Any) -> None:
    names = node.output(0).get_names()
    for reader in node.output(0).get_target_inputs():
        reader.replace_source_output(by.output(0))
    by.output(0).get_tensor().set_names(names)
