"""An ONNX pack as its owner got it: what it takes and gives, and the plain graph that is run.

Nothing of a pack is run here. Public surface: ``inspect_pack``, ``plain_pack``, ``PackFacts``.
``onnx`` is imported when a pack is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognition.errors import ModelRejected

__all__ = ["PackFacts", "inspect_pack", "plain_pack"]

# InsightFace looks at as many nodes for the Sub and Mul of a graph that scales by itself.
_HEAD_NODES = 8
_FLOAT = 1  # onnx.TensorProto.FLOAT
_EXTERNAL = 1  # onnx.TensorProto.EXTERNAL


@dataclass(frozen=True, slots=True)
class PackFacts:
    """What the file itself says. ``size_px`` is None where the graph takes any size."""

    size_px: int | None
    scales_itself: bool
    metadata: Mapping[str, str]


def inspect_pack(path: Path) -> PackFacts:
    """Check a pack's form: sound ONNX, weights inside, one picture in, one row of numbers out.

    Raises ``ModelRejected``: ``model.unreadable``, ``model.external_data``, ``model.operator``,
    ``model.input`` or ``model.output``, each with what was found and what is expected.
    """
    graph, model = _load(path)
    inputs = _picture_inputs(graph)
    if len(inputs) != 1:
        raise ModelRejected(
            f"{path.name} has {len(inputs)} inputs ({', '.join(i.name for i in inputs)}); expected "
            f"one, a batch of pictures.",
            code="model.input",
        )
    size_px = _size_of(inputs[0], path)
    if len(graph.output) != 1:
        names = ", ".join(item.name for item in graph.output)
        raise ModelRejected(
            f"{path.name} has {len(graph.output)} outputs ({names}); expected one, the embedding. "
            f"Is it a detector?",
            code="model.output",
        )
    rank = len(graph.output[0].type.tensor_type.shape.dim)
    if graph.output[0].type.tensor_type.HasField("shape") and rank != 2:
        raise ModelRejected(
            f"{path.name} answers an array of {rank} dimensions; expected 2: one row of numbers "
            f"for each picture.",
            code="model.output",
        )
    kinds = [node.op_type for node in graph.node if node.op_type != "Constant"]
    head = set(kinds[:_HEAD_NODES])
    return PackFacts(
        size_px=size_px,
        scales_itself="Sub" in head and bool(head & {"Mul", "Div"}),
        metadata={item.key: item.value for item in model.metadata_props},
    )


def plain_pack(path: Path) -> bytes:
    """The same network for any batch size, without what only training or an exporter needed.

    Weights leave the list of inputs, constants become weights, ``Dropout`` and ``Identity`` go,
    and what was fixed to a batch of one takes any. Opset and arithmetic stay.
    """
    import onnx

    graph, model = _load(path)
    kept = _needed_nodes(graph)
    _free_batch(kept, graph)
    inputs = _picture_inputs(graph)
    plain = onnx.helper.make_graph(kept, graph.name, inputs, graph.output, graph.initializer)
    for item in (plain.input[0], plain.output[0]):
        if item.type.tensor_type.shape.dim:
            item.type.tensor_type.shape.dim[0].dim_param = "batch"
    result = onnx.helper.make_model(plain, opset_imports=list(model.opset_import))
    result.ir_version = model.ir_version
    onnx.checker.check_model(result)
    payload: bytes = result.SerializeToString()
    return payload


def _needed_nodes(graph: Any) -> list[Any]:
    """The nodes that do something outside training; constants become weights of the graph."""
    outputs = {item.name for item in graph.output}
    renamed: dict[str, str] = {}
    kept: list[Any] = []
    for node in graph.node:
        for at, name in enumerate(node.input):
            node.input[at] = renamed.get(name, name)
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = graph.initializer.add()
            tensor.CopyFrom(node.attribute[0].t)
            tensor.name = node.output[0]
        elif node.op_type in {"Dropout", "Identity"} and node.output[0] not in outputs:
            renamed[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    return kept


def _free_batch(nodes: list[Any], graph: Any) -> None:
    """Let every ``Reshape`` to a batch of one take as many as come in."""
    from onnx import numpy_helper

    constants = {item.name: item for item in graph.initializer}
    for node in nodes:
        if node.op_type != "Reshape" or node.input[0] in constants:
            continue
        shape = constants.get(node.input[1])
        target = numpy_helper.to_array(shape).copy() if shape is not None else None
        if target is None or not target.size or target[0] != 1:
            continue
        target[0] = 0  # ONNX: the size that the input has
        name = f"{node.input[1]}/any-batch"
        if name not in constants:
            constants[name] = numpy_helper.from_array(target, name)
            graph.initializer.append(constants[name])
        node.input[1] = name


def _load(path: Path) -> tuple[Any, Any]:
    """The graph and its model; no file besides this one is opened."""
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load(str(path), load_external_data=False)
        external = [i.name for i in model.graph.initializer if i.data_location == _EXTERNAL]
        if external:
            raise ModelRejected(
                f"{path.name} keeps {len(external)} of its weights in other files. Save it as one "
                f"file (onnx.save_model without external data): one file has one digest.",
                code="model.external_data",
            )
        foreign = {n.domain for n in model.graph.node} - {"", "ai.onnx"}
        if foreign or model.functions:
            raise ModelRejected(
                f"{path.name} uses operators that are not ONNX's own "
                f"({', '.join(sorted(foreign)) or 'functions'}). Export it with standard ones.",
                code="model.operator",
            )
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, OSError) as error:
        raise ModelRejected(
            f"{path.name} is not a sound ONNX file: {str(error).splitlines()[0][:200]}. Download "
            f"it again and compare its digest with the publisher's.",
            code="model.unreadable",
        ) from error
    return model.graph, model


def _picture_inputs(graph: Any) -> list[Any]:
    """Old exporters list the weights among the inputs too."""
    weights = {item.name for item in graph.initializer}
    return [item for item in graph.input if item.name not in weights]


def _size_of(item: Any, path: Path) -> int | None:
    kind = item.type.tensor_type
    sides = [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]
    described = f"({', '.join(str(side or '?') for side in sides)})"
    expected = "expected (N, 3, size, size) float32 with N of 1 or free"
    if kind.elem_type != _FLOAT or len(sides) != 4 or sides[1] not in {3, None}:
        last = (
            " It wants the channels last: transpose it when exporting." if sides[-1:] == [3] else ""
        )
        raise ModelRejected(
            f"The input {item.name!r} of {path.name} is {described} of type {kind.elem_type}; "
            f"{expected}.{last}",
            code="model.input",
        )
    batch, _, height, width = (side if side and side > 0 else None for side in sides)
    if batch not in {1, None} or height != width:
        raise ModelRejected(
            f"The input {item.name!r} of {path.name} is {described}; {expected}.",
            code="model.input",
        )
    return height
