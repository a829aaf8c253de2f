"""OpenVINO on the processor: one compiled program per input shape, kept while it is in use.

Never imports torch. Public surface: ``OpenVinoNetwork``.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.runtime.base import NetworkSpec, check_pictures

__all__ = ["OpenVinoNetwork"]

# Compiling takes 0.1 to 0.2 s and a program holds its own buffers: eight cover one or two
# cameras and both batch sizes of an upload queue.
_MAX_PROGRAMS = 8

# Static shapes measured 5 to 25 % faster than a dynamic batch. Beyond about half a million
# pixels (sixteen 112 px crops are 0.2 million, one 640 px picture 0.4) a larger batch falls out
# of the second-level cache and costs more per picture than a batch of one.
_BATCH_SIZES = (16, 4, 1)
_MAX_BATCH_PIXELS = 600_000


class OpenVinoNetwork:
    """``runtime.base.Network`` on the processor."""

    def __init__(
        self,
        spec: NetworkSpec,
        *,
        precision: Literal["f32", "bf16", "f16"] = "f32",
        threads: int = 0,
        cache_dir: Path | None = None,
    ) -> None:
        self._spec = spec
        self._configuration: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
        }
        if threads > 0:
            self._configuration["INFERENCE_NUM_THREADS"] = threads
        if cache_dir is not None:
            self._configuration["CACHE_DIR"] = str(cache_dir)
        self._programs: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._precision = ""
        self._device = ""

    @property
    def precision(self) -> str:
        return self._precision

    @property
    def device(self) -> str:
        return self._device

    def run(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """See ``Network.run``. Any N is cut into batches of 16, 4 and 1: nothing is padded."""
        check_pictures(pictures)
        parts: list[dict[str, NDArray[np.float32]]] = []
        start = 0
        for size in _batches(len(pictures), pixels=pictures.shape[1] * pictures.shape[2]):
            parts.append(self._infer(pictures[start : start + size]))
            start += size
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _infer(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        request, names = self._program(pictures.shape)
        request.infer([np.ascontiguousarray(pictures)], share_inputs=True)
        # .data is a view of memory that the next call overwrites
        return {
            name: np.array(request.get_output_tensor(i).data, dtype=np.float32)
            for i, name in enumerate(names)
        }

    def _program(self, shape: tuple[int, ...]) -> tuple[Any, tuple[str, ...]]:
        found = self._programs.get(shape)
        if found is not None:
            self._programs.move_to_end(shape)
        else:
            while len(self._programs) >= _MAX_PROGRAMS:
                self._programs.popitem(last=False)
            found = self._programs[shape] = self._compile(shape)
        request, names = found
        return request, names

    def _compile(self, shape: tuple[int, ...]) -> tuple[Any, tuple[str, ...]]:
        import openvino as ov
        from openvino import preprocess

        model = _core().read_model(self._spec.path)
        names = tuple(output.get_any_name() for output in model.outputs)
        steps = preprocess.PrePostProcessor(model)
        steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
        steps.input().model().set_layout(ov.Layout("NCHW"))
        work = steps.input().preprocess()
        work.convert_element_type(ov.Type.f32)
        if self._spec.channel_order == "bgr":
            work.reverse_channels()
        if self._spec.mean:
            work.mean(self._spec.mean)
        if self._spec.scale != 1.0:
            work.scale(self._spec.scale)
        model = steps.build()
        model.reshape({model.input(0): list(shape)})
        compiled = _core().compile_model(model, "CPU", self._configuration)
        self._precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self._device = ",".join(compiled.get_property("EXECUTION_DEVICES")).lower()
        return compiled.create_infer_request(), names


def _batches(count: int, *, pixels: int) -> list[int]:
    sizes = [size for size in _BATCH_SIZES if size == 1 or size * pixels <= _MAX_BATCH_PIXELS]
    result: list[int] = []
    for size in sizes:
        whole, count = divmod(count, size)
        result += [size] * whole
    return result


@cache
def _core() -> Any:
    import openvino as ov

    return ov.Core()
