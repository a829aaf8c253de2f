"""The same ONNX files executed by torch, so that a GPU runs the weights a processor runs.

A small interpreter: just the operators that the manifest's networks use. Public surface:
``TorchNetwork``, and for networks that are no ONNX file ``TorchRunner``. Imports torch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from numpy.typing import NDArray
from torch import Tensor, nn

from recognition.errors import ModelRejected
from recognition.runtime.base import NetworkSpec, check_pictures, wanted_outputs

__all__ = ["OnnxGraph", "TorchNetwork", "TorchRunner"]

# Of all pictures of a pass: 334 crops of 112 px, or two pictures of 1280 px. The two largest
# tensors of SFace, 64 numbers a pixel each, then take 1.1 GB in f16.
_MAX_PIXELS = 1 << 22

_DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}

Attributes = Mapping[str, Any]
Operator = Callable[[list[Tensor], Attributes], Tensor]


@dataclass(frozen=True, slots=True)
class _Step:
    operator: Operator
    inputs: tuple[str, ...]
    output: str
    attributes: Attributes


class TorchRunner:
    """``runtime.base.Network`` over a module that answers with its outputs by name.

    ``prepare`` gets ``(N, 3, H, W)`` pixels of 0..255 in the file's channel order, as float32 in
    every precision.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        channel_order: Literal["rgb", "bgr"],
        prepare: Callable[[Tensor], Tensor],
        device: Literal["cpu", "cuda"],
        precision: Literal["f32", "bf16", "f16"],
    ) -> None:
        self._channel_order = channel_order
        self._prepare = prepare
        self._device = torch.device(device)
        self._dtype = _DTYPES[precision]
        self._used: Tensor | None = None
        self._module = module.to(device=self._device, dtype=self._dtype).eval()

    @property
    def precision(self) -> str:
        """Of the last output, not of the wish."""
        names = {dtype: name for name, dtype in _DTYPES.items()}
        return names[self._used.dtype] if self._used is not None else ""

    @property
    def device(self) -> str:
        return self._used.device.type if self._used is not None else ""

    def run(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """See ``Network.run``. More pictures than fit into a GPU's memory come in parts."""
        check_pictures(pictures)
        at_once = max(1, _MAX_PIXELS // (pictures.shape[1] * pictures.shape[2]))
        # Convolutions round float32 to TF32's ten bits on a GPU unless they are told not to, and
        # f32 is what the other precisions are held against.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            parts = [
                self._run_part(pictures[start : start + at_once])
                for start in range(0, len(pictures), at_once)
            ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _run_part(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        # one byte a channel crosses the bus; NHWC seen as NCHW is channels_last already
        pixels = torch.from_numpy(np.ascontiguousarray(pictures))
        if self._device.type == "cuda":  # page-locked, so that the copy runs beside the processor
            pixels = pixels.pin_memory().to(self._device, non_blocking=True)
        batch = pixels.permute(0, 3, 1, 2).to(torch.float32)
        if self._channel_order == "bgr":
            batch = batch.flip(1)
        batch = self._prepare(batch)
        batch = batch.to(dtype=self._dtype, memory_format=torch.channels_last)
        outputs: dict[str, Tensor] = self._module(batch)
        self._used = next(iter(outputs.values()))[:0]
        return {name: value.float().cpu().numpy() for name, value in outputs.items()}


class TorchNetwork(TorchRunner):
    """An ONNX file by torch. Raises ``ModelRejected`` for an operator it lacks."""

    def __init__(
        self,
        spec: NetworkSpec,
        *,
        device: Literal["cpu", "cuda"],
        precision: Literal["f32", "bf16", "f16"],
    ) -> None:
        super().__init__(
            OnnxGraph(spec),
            channel_order=spec.channel_order,
            prepare=lambda pixels: (pixels - spec.mean) / spec.scale,
            device=device,
            precision=precision,
        )


class OnnxGraph(nn.Module):
    """The file's operators in their order; float constants are buffers, so they follow ``to``."""

    def __init__(self, spec: NetworkSpec) -> None:
        import onnx
        from onnx import numpy_helper

        super().__init__()
        graph = onnx.load(str(spec.path)).graph
        self._input = next(iter(graph.input)).name
        self._outputs = wanted_outputs(spec, [item.name for item in graph.output])
        self._buffer_of: dict[str, str] = {}
        self._shapes: dict[str, Tensor] = {}
        factors = {name for node in graph.node if node.op_type == "Resize" for name in node.input}
        for number, item in enumerate(graph.initializer):
            value = torch.from_numpy(numpy_helper.to_array(item).copy())
            if value.is_floating_point() and item.name not in factors:
                self._buffer_of[item.name] = f"constant_{number}"
                layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
                value = value.contiguous(memory_format=layout)
                self.register_buffer(f"constant_{number}", value)
            else:  # shapes and enlargements stay on the host, where they are read
                self._shapes[item.name] = value
        self._steps = [
            _step(node, onnx.helper.get_attribute_value)
            for node in _needed(graph.node, self._outputs)
        ]
        self._last_use = {name: i for i, step in enumerate(self._steps) for name in step.inputs}

    def forward(self, batch: Tensor) -> dict[str, Tensor]:
        values: dict[str, Tensor] = {self._input: batch, **self._shapes}
        values |= {name: self.get_buffer(at) for name, at in self._buffer_of.items()}
        for position, step in enumerate(self._steps):
            inputs = [values[name] for name in step.inputs if name]
            values[step.output] = step.operator(inputs, step.attributes)
            for name in set(step.inputs):  # free what no later step reads
                if self._last_use[name] == position and name not in self._outputs:
                    values.pop(name, None)
        return {name: values[name] for name in self._outputs}


def _needed(nodes: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """The nodes, in their order, that these outputs come from."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def _step(node: Any, value_of: Callable[[Any], Any]) -> _Step:
    operator = _OPERATORS.get(node.op_type)
    if operator is None or len(node.output) != 1:
        raise ModelRejected(
            f"The network uses the operator {node.op_type!r}, which the torch runtime does not "
            f"know; it knows {', '.join(sorted(_OPERATORS))}. Run this network on the processor.",
            code="model.operator",
        )
    attributes = {item.name: value_of(item) for item in node.attribute}
    return _Step(operator, tuple(node.input), node.output[0], attributes)


def _convolution(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    data, weight, *bias = inputs
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if (top, left) != (bottom, right):
        data = F.pad(data, (left, right, top, bottom))
        top = left = 0
    return F.conv2d(
        data,
        weight,
        bias[0] if bias else None,
        stride=tuple(attributes.get("strides", (1, 1))),
        padding=(top, left),
        dilation=tuple(attributes.get("dilations", (1, 1))),
        groups=attributes.get("group", 1),
    )


def _batch_normalisation(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    data, gamma, beta, mean, variance = inputs
    return F.batch_norm(data, mean, variance, gamma, beta, eps=attributes.get("epsilon", 1e-5))


def _max_pool(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if (top, left) != (bottom, right):
        raise ModelRejected("MaxPool with uneven padding is not supported by the torch runtime.")
    return F.max_pool2d(
        inputs[0],
        tuple(attributes["kernel_shape"]),
        stride=tuple(attributes.get("strides", (1, 1))),
        padding=(top, left),
        ceil_mode=bool(attributes.get("ceil_mode", 0)),
    )


def _average_pool(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if (top, left) != (bottom, right):
        raise ModelRejected(
            "AveragePool with uneven padding is not supported by the torch runtime."
        )
    return F.avg_pool2d(
        inputs[0],
        tuple(attributes["kernel_shape"]),
        stride=tuple(attributes.get("strides", (1, 1))),
        padding=(top, left),
        ceil_mode=bool(attributes.get("ceil_mode", 0)),
        count_include_pad=bool(attributes.get("count_include_pad", 0)),
    )


def _reduced(
    operation: Callable[..., Tensor], inputs: list[Tensor], attributes: Attributes
) -> Tensor:
    """Axes are an input since opset 18 (of sums 13), an attribute before."""
    axes = inputs[1].tolist() if len(inputs) > 1 else attributes["axes"]
    return operation(inputs[0], dim=tuple(axes), keepdim=bool(attributes.get("keepdims", 1)))


def _gemm(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    data, weight, *bias = inputs
    if attributes.get("transA", 0):
        data = data.T
    if attributes.get("transB", 0):
        weight = weight.T
    result: Tensor = attributes.get("alpha", 1.0) * (data @ weight)
    if bias:
        result = result + attributes.get("beta", 1.0) * bias[0]
    return result


def _reshape(inputs: list[Tensor], _: Attributes) -> Tensor:
    data, shape = inputs
    target = [data.shape[i] if size == 0 else size for i, size in enumerate(shape.tolist())]
    return data.reshape(target)


def _resize(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    """Nearest neighbour by whole factors, where all of ONNX's coordinate rules agree."""
    data, scales = inputs[0], inputs[-1].tolist()
    whole = len(scales) == 4 and scales[:2] == [1, 1] and all(s == int(s) for s in scales)
    if attributes.get("mode", b"nearest") != b"nearest" or not whole:
        raise ModelRejected(
            f"Resize by {scales} in mode {attributes.get('mode')!r}: the torch runtime knows "
            f"nearest-neighbour enlargement of height and width by whole factors only."
        )
    return data.repeat_interleave(int(scales[2]), dim=2).repeat_interleave(int(scales[3]), dim=3)


_OPERATORS: Mapping[str, Operator] = {
    "Add": lambda x, _: x[0] + x[1],
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_normalisation,
    "Clip": lambda x, _: x[0].clamp(*x[1:]),
    "Concat": lambda x, a: torch.cat(x, a["axis"]),
    "Conv": _convolution,
    "Div": lambda x, _: x[0] / x[1],
    "Flatten": lambda x, a: x[0].flatten(start_dim=a.get("axis", 1)),
    "Gemm": _gemm,
    "Identity": lambda x, _: x[0],
    "Max": lambda x, _: functools.reduce(torch.maximum, x),
    "MaxPool": _max_pool,
    "Mul": lambda x, _: x[0] * x[1],
    "PRelu": lambda x, _: F.prelu(x[0], x[1].flatten()),
    "ReduceMean": lambda x, a: _reduced(torch.mean, x, a),
    "ReduceSum": lambda x, a: _reduced(torch.sum, x, a),
    "Relu": lambda x, _: F.relu(x[0]),
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": lambda x, _: torch.sigmoid(x[0]),
    "Sqrt": lambda x, _: torch.sqrt(x[0]),
    "Sub": lambda x, _: x[0] - x[1],
    "Transpose": lambda x, a: x[0].permute(tuple(a["perm"])),
}
