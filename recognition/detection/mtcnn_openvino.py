"""MTCNN's networks run by OpenVINO on a processor, in float32 as published. Never imports torch.

The graphs are built here from the arrays: there is no file to convert and none to cache. In
bfloat16 a picture takes a sixth less time, and one face in twenty moves by 3 % of its width.
Public surface: ``OpenVinoCascade``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from recognition.detection.mtcnn_cascade import Numbers, Pixels, Proposals
from recognition.detection.mtcnn_weights import MtcnnWeights

__all__ = ["OpenVinoCascade"]

# A level of 150 x 150 px has activations of 0.9 MB, what a core's second-level cache holds;
# larger calls cost more per pixel. Smaller levels share a call.
_PIXELS_PER_CALL = 25_000
# R-Net costs 0.19 ms for one crop and 0.05 ms each for sixteen, O-Net 0.44 and 0.34 for four. A
# program for one batch size beats one for any by a quarter, so the sizes are few.
_REFINE_BATCHES = (16, 4)
_OUTPUT_BATCHES = (4, 1)
_MAX_STREAMS = 4
# What OpenVINO compiles for each size of a level and keeps, 5,000 pieces by default: with pictures
# of ever new sizes that grew by 2.5 MB a picture, to 685 MB after 240; with this, to 171.
_KEPT_PIECES = 256

Array = NDArray[np.float32]
T = TypeVar("T")


class OpenVinoCascade:
    """``Cascade`` by OpenVINO: single-threaded streams side by side, one for each of ``threads``.

    Levels and batches of crops are many, so that no two cores need wait within one. 0 threads
    means one for each processor, at most four.
    """

    pixels_per_call = _PIXELS_PER_CALL

    def __init__(self, weights: MtcnnWeights, *, threads: int = 0) -> None:
        runner = partial(_Runner, streams=min(threads or os.cpu_count() or 1, _MAX_STREAMS))
        self._pnet = runner(_pnet(iter(weights.pnet)))
        self._rnet = {size: runner(_rnet(iter(weights.rnet), size)) for size in _REFINE_BATCHES}
        self._onet = {size: runner(_onet(iter(weights.onet), size)) for size in _OUTPUT_BATCHES}

    def propose(self, batches: Sequence[Pixels], *, threshold: float) -> list[Proposals]:
        """See ``Cascade.propose``; only what reaches the threshold is copied."""
        return self._pnet.run(batches, read=partial(_proposals, threshold=threshold))

    def refine(self, crops: Pixels) -> tuple[Numbers, Numbers]:
        """See ``Cascade.refine``."""
        faces, offsets = _over_crops(self._rnet, crops, widths=(2, 4))
        return faces[: len(crops), 1], offsets[: len(crops)]

    def output(self, crops: Pixels) -> tuple[Numbers, Numbers, Numbers]:
        """See ``Cascade.output``."""
        faces, offsets, landmarks = _over_crops(self._onet, crops, widths=(2, 4, 10))
        count = len(crops)
        return faces[:count, 1], offsets[:count], landmarks[:count]


class _Runner:
    """One compiled network and as many requests as run side by side."""

    def __init__(self, model: ov.Model, *, streams: int) -> None:
        compiled = ov.Core().compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32",
                "INFERENCE_NUM_THREADS": streams,
                "NUM_STREAMS": streams,
                "ENABLE_CPU_PINNING": False,
                "CPU_RUNTIME_CACHE_CAPACITY": _KEPT_PIECES,
            },
        )
        self._queue = ov.AsyncInferQueue(compiled, streams)

    def run(self, batches: Sequence[Pixels], *, read: Callable[[list[Array]], T]) -> list[T]:
        """What ``read`` makes of each batch's outputs, which it must not keep, in their order."""
        if len(batches) == 1 or len(self._queue) == 1:
            request = self._queue[0]
            return [read(_outputs(request, batch)) for batch in batches]
        answers: dict[int, T] = {}

        def keep(request: Any, number: int) -> None:
            answers[number] = read([tensor.data for tensor in request.output_tensors])

        self._queue.set_callback(keep)
        # the largest first: they end together
        for number in sorted(range(len(batches)), key=lambda n: -batches[n].size):
            self._queue.start_async([batches[number]], userdata=number, share_inputs=True)
        self._queue.wait_all()
        return [answers[number] for number in range(len(batches))]


def _outputs(request: Any, batch: Pixels) -> list[Array]:
    request.infer([batch], share_inputs=True)
    return [tensor.data for tensor in request.output_tensors]


def _over_crops(
    runners: dict[int, _Runner], crops: Pixels, *, widths: tuple[int, ...]
) -> list[Numbers]:
    """The outputs for all crops, in as few batches as there can be; sizes fall.

    What is left over at the end fills a batch of the smallest size with black crops.
    """
    parts: list[list[Numbers]] = [[np.empty((0, width), np.float32) for width in widths]]
    smallest = min(runners)
    filled = -(-len(crops) // smallest) * smallest
    if filled > len(crops):
        crops = np.concatenate([crops, np.zeros((filled - len(crops), *crops.shape[1:]), np.uint8)])
    first = 0
    for size, runner in runners.items():
        last = first + (filled - first) // size * size
        batches = [crops[start : start + size] for start in range(first, last, size)]
        parts += runner.run(batches, read=_copied)
        first = last
    return [np.concatenate(output) for output in zip(*parts, strict=True)]


def _copied(outputs: list[Array]) -> list[Array]:
    return [np.array(output) for output in outputs]


def _proposals(outputs: list[Array], *, threshold: float) -> Proposals:
    faces, offsets = outputs
    probabilities = faces[:, 1]
    owners, rows, columns = np.nonzero(probabilities >= threshold)
    return Proposals(
        owners=owners,
        rows=rows,
        columns=columns,
        scores=probabilities[owners, rows, columns],
        offsets=offsets[owners, :, rows, columns],
    )


def _pnet(arrays: Iterator[Array]) -> ov.Model:
    pixels, data = _input(-1, -1, -1)
    data = _pool(_convolution(data, arrays), side=2, rounding="ceil")
    data = _convolution(_convolution(data, arrays), arrays)
    offsets = _affine(data, arrays)
    faces = ops.softmax(_affine(data, arrays), 1)
    return ov.Model([faces, offsets], [pixels], "pnet")


def _rnet(arrays: Iterator[Array], count: int) -> ov.Model:
    pixels, data = _input(count, 24, 24)
    data = _pool(_convolution(data, arrays), side=3, rounding="ceil")
    data = _pool(_convolution(data, arrays), side=3, rounding="floor")
    hidden = _hidden(_convolution(data, arrays), arrays)
    offsets = _dense(hidden, arrays)
    faces = ops.softmax(_dense(hidden, arrays), 1)
    return ov.Model([faces, offsets], [pixels], "rnet")


def _onet(arrays: Iterator[Array], count: int) -> ov.Model:
    pixels, data = _input(count, 48, 48)
    data = _pool(_convolution(data, arrays), side=3, rounding="ceil")
    data = _pool(_convolution(data, arrays), side=3, rounding="floor")
    data = _pool(_convolution(data, arrays), side=2, rounding="ceil")
    hidden = _hidden(_convolution(data, arrays), arrays)
    offsets = _dense(hidden, arrays)
    landmarks = _dense(hidden, arrays)
    faces = ops.softmax(_dense(hidden, arrays), 1)
    return ov.Model([faces, offsets, landmarks], [pixels], "onet")


def _input(count: int, height: int, width: int) -> tuple[Any, Any]:
    """The parameter ``(N, H, W, 3) uint8`` and ``(N, 3, H, W)``, normalised; -1 is any size."""
    pixels = ops.parameter([count, height, width, 3], np.uint8, name="pixels")
    planes = ops.transpose(ops.convert(pixels, "f32"), ops.constant(np.array([0, 3, 1, 2])))
    centred = ops.subtract(planes, ops.constant(np.float32(127.5)))
    return pixels, ops.multiply(centred, ops.constant(np.float32(1 / 128)))


def _convolution(data: Any, arrays: Iterator[Array]) -> Any:
    """Kernel, bias and slopes from the arrays: convolution and PReLU."""
    return ops.prelu(_affine(data, arrays), ops.constant(next(arrays).reshape(-1)))


def _affine(data: Any, arrays: Iterator[Array]) -> Any:
    kernel = np.ascontiguousarray(next(arrays).transpose(3, 2, 0, 1))
    convolved = ops.convolution(data, ops.constant(kernel), [1, 1], [0, 0], [0, 0], [1, 1])
    return ops.add(convolved, ops.constant(next(arrays).reshape(1, -1, 1, 1)))


def _pool(data: Any, *, side: int, rounding: str) -> Any:
    pooled = ops.max_pool(
        data, [2, 2], [1, 1], [0, 0], [0, 0], [side, side], rounding_type=rounding
    )
    return pooled.output(0)


def _hidden(data: Any, arrays: Iterator[Array]) -> Any:
    """Flattened width before height (see ``mtcnn_networks``), a dense layer and PReLU."""
    turned = ops.transpose(data, ops.constant(np.array([0, 3, 2, 1])))
    flat = ops.reshape(turned, ops.constant(np.array([0, -1])), special_zero=True)
    return ops.prelu(_dense(flat, arrays), ops.constant(next(arrays).reshape(-1)))


def _dense(data: Any, arrays: Iterator[Array]) -> Any:
    product = ops.matmul(data, ops.constant(next(arrays)), False, False)
    return ops.add(product, ops.constant(next(arrays).reshape(1, -1)))
