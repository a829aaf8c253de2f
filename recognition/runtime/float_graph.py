"""Plain float ONNX files derived from the shipped block-quantised ones, cached beside a digest.

OpenVINO refuses opset 21's block-wise ``DequantizeLinear``, and the shipped SFace lists its
weights among its inputs. Public surface: ``float_graph``. ``onnx`` is imported only when the
cache is cold.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognition.derived import derived_file, derived_name
from recognition.weights import entry, verified_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["float_graph"]

# Part of the cached file's name: raise it whenever the derivation below changes its result.
_RECIPE = 1


def float_graph(weights_id: str, *, cache_dir: Path | None) -> Path:
    """Path of the float32 ONNX file derived from a verified weight file.

    The source is checked against the manifest each time, the derived file against the digest that
    was written with it; one that does not fit (a crash, a full disk) is derived again. The result
    takes any batch size, and any picture size where the network is convolutional throughout.

    Raises ``WeightsError`` as ``verified_path`` and ``cache_folder`` do.
    """
    source = verified_path(weights_id)
    name = derived_name(weights_id, entry(weights_id).sha256, f"r{_RECIPE}.onnx")
    return derived_file(name, cache_dir=cache_dir, derive=lambda: _derive(source))


def _derive(source: Path) -> bytes:
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(source))
    graph = model.graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    renamed: dict[str, str] = {}
    kept: list[Any] = []
    for node in graph.node:
        inputs = [renamed.get(name, name) for name in node.input]
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        (output, *_) = node.output
        if node.op_type == "Constant":
            constants[output] = numpy_helper.to_array(attributes["value"])
        elif node.op_type == "Dropout":  # does nothing outside training
            renamed[output] = inputs[0]
        elif node.op_type == "DequantizeLinear" and inputs[0] in constants:
            constants[output] = _dequantise(
                *(constants[name] for name in inputs),
                axis=attributes["axis"],
                block=attributes["block_size"],
            )
        elif node.op_type == "Reshape" and inputs[0] in constants:
            constants[output] = constants[inputs[0]].reshape(constants[inputs[1]])
        else:
            if node.op_type == "Reshape" and constants[inputs[1]][0] == 1:
                # exported for a batch of one; 0 means "as many as come in"
                free = constants[inputs[1]].copy()
                free[0] = 0
                constants[f"{inputs[1]}_any_batch"] = free
                inputs[1] = f"{inputs[1]}_any_batch"
            del node.input[:]
            node.input.extend(inputs)
            kept.append(node)

    used = {name for node in kept for name in node.input}
    real_inputs = [item for item in graph.input if item.name in used and item.name not in constants]
    outputs = [
        onnx.helper.make_tensor_value_info(
            item.name,
            onnx.TensorProto.FLOAT,
            [f"{item.name}_{axis}" for axis in range(len(item.type.tensor_type.shape.dim))],
        )
        for item in graph.output
    ]
    convolutional = not any(node.op_type in {"Gemm", "MatMul", "Flatten"} for node in kept)
    for item in real_inputs:
        dimensions = item.type.tensor_type.shape.dim
        dimensions[0].dim_param = "batch"
        if convolutional:
            dimensions[2].dim_param, dimensions[3].dim_param = "height", "width"
    plain = onnx.helper.make_graph(
        kept,
        graph.name,
        real_inputs,
        outputs,
        [numpy_helper.from_array(a, n) for n, a in constants.items() if n in used],
    )
    result = onnx.helper.make_model(plain, opset_imports=[onnx.helper.make_opsetid("", 21)])
    result.ir_version = model.ir_version
    onnx.checker.check_model(result)
    payload: bytes = result.SerializeToString()
    return payload


def _dequantise(
    quantised: NDArray[Any],
    scales: NDArray[np.float32],
    zero_points: NDArray[Any],
    *,
    axis: int,
    block: int,
) -> NDArray[np.float32]:
    """ONNX ``DequantizeLinear`` (opset 21), one scale per ``block`` entries along ``axis``."""
    length = quantised.shape[axis]

    def spread(values: NDArray[Any]) -> NDArray[np.float32]:
        full = values.astype("float32").repeat(block, axis=axis)
        return full.take(range(length), axis=axis)

    result: NDArray[np.float32] = (quantised.astype("float32") - spread(zero_points)) * spread(
        scales
    )
    return result
