"""A head behind its base network, as a model that is added like any other.

Nothing new runs in service: the head is seven plain operators at the end of the base's ONNX graph,
and the pack passes every check that an owner's pack passes. Public surface: ``add_adapted``,
``adapted_onnx``. ``onnx`` is imported when a graph is written.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from recognition.adaptation.head import LinearHead
from recognition.errors import ModelRejected
from recognition.models.admission import Admission, Declaration, admit_model
from recognition.models.loading import float_onnx
from recognition.models.registry import find_model
from recognition.weights import WeightsEntry

__all__ = ["adapted_onnx", "add_adapted"]

# From this opset on ReduceSum takes its axes as an input.
_AXES_AS_INPUT = 13


def add_adapted(
    head: LinearHead,
    *,
    model_id: str,
    base: str,
    models_dir: Path | None,
    cache_dir: Path | None = None,
) -> Admission:
    """Add the head behind ``base`` as ``model_id``, a new embedding space.

    Raises ``ModelRejected``: ``model.head`` where the head was made for another space, and as
    ``admit_model`` does.
    """
    item = find_model(base, models_dir=models_dir)
    content = adapted_onnx(head, item=item, cache_dir=cache_dir)
    spec = item.spec
    with tempfile.TemporaryDirectory(prefix="gatehouse-head-") as folder:
        path = Path(folder) / f"{model_id}.onnx"
        path.write_bytes(content)
        return admit_model(
            path,
            Declaration(
                id=model_id,
                licence=item.licence,
                origin=f"{item.id} adapted to this site, {head.people} people",
                channel_order=spec.channel_order,
                scaling=spec.scaling,
                alignment=spec.crop.alignment,
                size_px=spec.crop.size_px,
                margin_px=spec.crop.margin_px,
                margin_convention=spec.crop.margin_convention,
                dimension=head.dimension,
            ),
            models_dir=models_dir,
        )


def adapted_onnx(head: LinearHead, *, item: WeightsEntry, cache_dir: Path | None) -> bytes:
    """The base's float32 graph with the head at its end. Raises ``ModelRejected`` as above.

    The output is not brought to unit length, so that the sum over a face and its mirror image,
    which enrolment makes, is the head of their mean.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    if head.base_space != item.space.id:
        raise ModelRejected(
            f"The head was made for the embedding space {head.base_space}, and {item.id} makes "
            f"vectors of {item.space.id}. Adapt that model anew.",
            code="model.head",
        )
    model = onnx.load(str(float_onnx(item, cache_dir=cache_dir)))
    graph = model.graph
    raw = graph.output[0].name
    opset = next(one.version for one in model.opset_import if one.domain in {"", "ai.onnx"})
    bias = -(head.mean.astype(np.float64) @ head.weights.astype(np.float64))
    for name, values in (
        ("head/weights", head.weights),
        ("head/bias", bias.astype(np.float32)),
        ("head/axes", np.array([1], np.int64)),
    ):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    graph.node.extend(
        [
            helper.make_node("Mul", [raw, raw], ["head/squares"], name="head/squares"),
            _sum(helper, opset),
            helper.make_node("Sqrt", ["head/sum"], ["head/length"], name="head/length"),
            helper.make_node("Div", [raw, "head/length"], ["head/unit"], name="head/unit"),
            helper.make_node(
                "Gemm",
                ["head/unit", "head/weights", "head/bias"],
                ["adapted"],
                name="head/gemm",
            ),
        ]
    )
    if opset < _AXES_AS_INPUT:
        del graph.initializer[-1]
    del graph.output[:]
    shape: list[str | int | None] = ["batch", head.dimension]
    graph.output.append(helper.make_tensor_value_info("adapted", TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _sum(helper: Any, opset: int) -> Any:
    if opset >= _AXES_AS_INPUT:
        return helper.make_node(
            "ReduceSum", ["head/squares", "head/axes"], ["head/sum"], name="head/sum", keepdims=1
        )
    return helper.make_node(
        "ReduceSum", ["head/squares"], ["head/sum"], name="head/sum", keepdims=1, axes=[1]
    )
