"""A torch network as an ONNX file, for the few operators that our own networks use.

torch's exporter needs another package and its predecessor is deprecated; a traced graph of
convolutions is a list that is quickly written down. Public surface: ``write_onnx``. Imports torch.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Node, symbolic_trace

from recognition.errors import ModelRejected

__all__ = ["write_onnx"]

_OPSET = 18
_IR_VERSION = 10


def write_onnx(
    network: nn.Module,
    *,
    size_px: int,
    dimension: int,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """The network as a serialised ONNX model: ``pixels`` (N, 3, size, size) to ``embedding`` (N, D).

    ``network`` must be in evaluation mode. Raises ``ModelRejected`` (``model.operator``) for an
    operation that has no rule here.
    """
    import onnx

    writer = _Writer(symbolic_trace(network))
    writer.write()
    float32 = onnx.TensorProto.FLOAT
    shape_in: list[str | int | None] = ["batch", 3, size_px, size_px]
    shape_out: list[str | int | None] = ["batch", dimension]
    graph = onnx.helper.make_graph(
        writer.nodes,
        "network",
        [onnx.helper.make_tensor_value_info("pixels", float32, shape_in)],
        [onnx.helper.make_tensor_value_info("embedding", float32, shape_out)],
        writer.constants,
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.helper.set_model_props(model, dict(metadata or {}))
    onnx.checker.check_model(model)
    payload: bytes = model.SerializeToString()
    return payload


class _Writer:
    """Walks a traced network once; every node becomes one ONNX node of the same name."""

    def __init__(self, traced: GraphModule) -> None:
        self._traced = traced
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def write(self) -> None:
        for node in self._traced.graph.nodes:
            if node.op == "placeholder":
                node.name = "pixels"
            elif node.op == "output":
                self._emit("Identity", [node.args[0].name], "embedding")
            elif node.op == "call_module":
                self._module(node, self._traced.get_submodule(node.target))
            else:
                self._function(node)

    def _module(self, node: Node, module: nn.Module) -> None:
        inputs = [_name(node.args[0])]
        if isinstance(module, nn.Conv2d):
            inputs.append(self._constant(f"{node.name}/weight", module.weight))
            if module.bias is not None:
                inputs.append(self._constant(f"{node.name}/bias", module.bias))
            padding = [int(side) for side in module.padding]
            self._emit(
                "Conv",
                inputs,
                node.name,
                kernel_shape=list(module.kernel_size),
                strides=list(module.stride),
                pads=padding * 2,
                group=module.groups,
            )
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            inputs += self._batch_norm_constants(node.name, module)
            self._emit("BatchNormalization", inputs, node.name, epsilon=module.eps)
        elif isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
            self._pool(node, module)
        elif isinstance(module, nn.Linear):
            inputs.append(self._constant(f"{node.name}/weight", module.weight))
            if "bias" in dict(module.named_parameters()):
                inputs.append(self._constant(f"{node.name}/bias", module.bias))
            self._emit("Gemm", inputs, node.name, transB=1)
        elif isinstance(module, nn.ReLU):
            self._emit("Relu", inputs, node.name)
        elif isinstance(module, nn.PReLU):
            inputs.append(self._constant(f"{node.name}/slope", module.weight.reshape(-1, 1, 1)))
            self._emit("PRelu", inputs, node.name)
        elif isinstance(module, nn.Dropout) and not module.training:
            node.name = inputs[0]  # whoever reads it reads what came in
        else:
            raise _unknown(type(module).__name__)

    def _pool(self, node: Node, module: nn.MaxPool2d | nn.AvgPool2d) -> None:
        if module.ceil_mode:
            raise _unknown("pooling that rounds up")
        attributes: dict[str, Any] = {
            "kernel_shape": _pair(module.kernel_size),
            "strides": _pair(module.stride),
        }
        if any(padding := _pair(module.padding)):
            attributes["pads"] = padding * 2
        kind = "MaxPool"
        if isinstance(module, nn.AvgPool2d):
            kind = "AveragePool"
            attributes["count_include_pad"] = int(module.count_include_pad)
        self._emit(kind, [_name(node.args[0])], node.name, **attributes)

    def _batch_norm_constants(self, name: str, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> list[str]:
        values = {
            "gamma": dict(norm.named_parameters()).get("weight", torch.ones(norm.num_features)),
            "beta": norm.bias,
            "mean": norm.get_buffer("running_mean"),
            "variance": norm.get_buffer("running_var"),
        }
        return [self._constant(f"{name}/{part}", value) for part, value in values.items()]

    def _function(self, node: Node) -> None:
        simple = _BINARY.get(node.target)
        if simple is not None:
            operands = [self._operand(node, at) for at in range(2)]
            self._emit(simple, operands, node.name)
        elif (kind := _UNARY.get(node.target)) is not None:
            self._emit(kind, [_name(node.args[0])], node.name)
        elif node.target == "flatten" and node.args[1:] == (1,):
            self._emit("Flatten", [_name(node.args[0])], node.name, axis=1)
        elif node.target is torch.cat:
            parts: Any = node.args[0]
            self._emit("Concat", [_name(part) for part in parts], node.name, axis=node.args[1])
        elif node.target == "clamp":
            least = self._constant(f"{node.name}/min", torch.tensor(node.kwargs["min"]))
            self._emit("Clip", [_name(node.args[0]), least], node.name)
        elif node.target in {"mean", "sum"}:
            axes = torch.tensor(node.args[1], dtype=torch.int64).reshape(-1)
            self._emit(
                "ReduceMean" if node.target == "mean" else "ReduceSum",
                [_name(node.args[0]), self._constant(f"{node.name}/axes", axes)],
                node.name,
                keepdims=int(bool(node.kwargs.get("keepdim", False))),
            )
        else:
            raise _unknown(str(node.target))

    def _operand(self, node: Node, position: int) -> str:
        value = node.args[position]
        if isinstance(value, Node):
            return value.name
        return self._constant(f"{node.name}/{position}", torch.tensor(value, dtype=torch.float32))

    def _constant(self, name: str, value: Tensor) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(value.detach().cpu().numpy(), name))
        return name

    def _emit(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        import onnx

        self.nodes.append(onnx.helper.make_node(kind, inputs, [output], output, **attributes))


_BINARY: Mapping[Any, str] = {
    operator.add: "Add",
    operator.sub: "Sub",
    operator.mul: "Mul",
    operator.truediv: "Div",
    torch.maximum: "Max",
}
_UNARY: Mapping[Any, str] = {torch.relu: "Relu", torch.sigmoid: "Sigmoid", "sqrt": "Sqrt"}


def _pair(side: int | tuple[int, int]) -> list[int]:
    return [side, side] if isinstance(side, int) else list(side)


def _name(argument: Any) -> str:
    if not isinstance(argument, Node):
        raise _unknown(f"an operand {argument!r}")
    return argument.name


def _unknown(what: str) -> ModelRejected:
    return ModelRejected(
        f"The network has {what}, which the ONNX writer does not know; it writes convolutions, "
        f"batch normalisation, pooling, linear layers, ReLU and PReLU, sigmoid and plain "
        f"arithmetic. Export it as safetensors or TorchScript.",
        code="model.operator",
    )
