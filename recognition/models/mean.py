"""The mean of a network's answers, read off its weights. Public surface: ``network_mean``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.errors import ModelRejected

__all__ = ["network_mean"]


def network_mean(graph: Path) -> NDArray[np.float32] | None:
    """About the mean unit vector of the pictures a network was trained with, ``(D,) float32``.

    Where the last layer is a batch normalisation, output i has the mean beta_i and the standard
    deviation gamma_i over them: both are in the weights, and no face is needed to find
    ``beta / sqrt(sum(beta^2 + gamma^2))``. None where the network ends otherwise. ``graph`` is an
    ONNX file with plain float weights, as ``runtime.float_graph`` makes them. Raises
    ``ModelRejected`` where beta or gamma is not there or not finite.
    """
    import onnx
    from onnx import numpy_helper

    body = onnx.load(str(graph)).graph
    answer = body.output[0].name
    last = next((node for node in body.node if answer in node.output), None)
    if last is None or last.op_type != "BatchNormalization":
        return None
    stored = {item.name: item for item in body.initializer}
    gamma, beta = (
        numpy_helper.to_array(stored[name]).astype(np.float64)
        if name in stored
        else np.array([np.nan])
        for name in last.input[1:3]
    )
    length = float(np.sqrt(np.sum(beta**2 + gamma**2)))
    if not np.isfinite(length) or length == 0.0:
        raise ModelRejected(
            f"{graph.name} ends in a batch normalisation without readable gamma and beta; expected "
            f"two vectors of finite numbers. Add the model again from its publisher's file."
        )
    return np.asarray(beta / length, dtype=np.float32)
