"""OpenVINO on the processor: compiled programs per input shape, kept while they are in use.

One picture runs on all cores; several run side by side, a few cores each, because cores that
share a layer wait for one another: 15 to 20 % of the processors' time on two cores, more on busy
ones. Never imports torch. Public surface: ``OpenVinoNetwork``.
"""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.runtime.base import NetworkSpec, check_pictures, wanted_outputs

__all__ = ["OpenVinoNetwork"]

# Compiling takes 0.1 to 0.2 s and a program holds its own buffers. A camera needs at most eight
# (four for each of its detector's two scales), so sixteen cover two.
_MAX_PROGRAMS = 16

# Static shapes measured 5 to 25 % faster than a dynamic batch. Of 112 px crops in int8, two at
# once take 12 % less time each than one, four 20 %, eight no less than four. Beyond about half a
# million pixels (one 640 px picture is 0.4) a batch falls out of the second-level cache and costs
# more per picture.
_BATCHES = (4, 2)
_MAX_BATCH_PIXELS = 600_000

# Pictures side by side. The pictures of one call are few, so that more would lie idle.
_MAX_STREAMS = 4

# Batches handed in for each stream: one runs, the others wait beside it with what they answer.
_MAX_RUNNING = 4

Outputs = dict[str, NDArray[np.float32]]


class _Program:
    """What was compiled for one shape, with requests that are made as they are needed.

    Nothing is called back: a callback would hold a core of the runtime's until Python's lock is
    free, which is up to 5 ms while another thread computes in Python.
    """

    def __init__(self, compiled: Any, names: tuple[str, ...]) -> None:
        self._compiled = compiled
        self._idle: list[Any] = []
        self._names = names

    def start(self, pictures: NDArray[np.uint8]) -> Any:
        """Hand in pictures, which must lie there until ``finish`` has the request."""
        request = self._idle.pop() if self._idle else self._compiled.create_infer_request()
        request.start_async([pictures], share_inputs=True)
        return request

    def finish(self, request: Any, outputs: Outputs, *, at: int, count: int) -> None:
        """Wait, and copy the answers to the rows from ``at`` on of ``count`` in ``outputs``."""
        request.wait()
        for index, name in enumerate(self._names):
            data = request.get_output_tensor(index).data
            if name not in outputs:
                outputs[name] = np.empty((count, *data.shape[1:]), dtype=np.float32)
            outputs[name][at : at + len(data)] = data
        self._idle.append(request)


class OpenVinoNetwork:
    """``runtime.base.Network`` on the processor.

    With ``int8`` the products whose inputs the spec has ranges for are computed in int8, and the
    rest in ``precision``.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        *,
        precision: Literal["f32", "bf16", "f16"] = "f32",
        int8: bool = False,
        threads: int = 0,
        cache_dir: Path | None = None,
    ) -> None:
        self._spec = spec
        self._int8_ranges = spec.int8_ranges if int8 else {}
        # Not tied to cores: 5 % less time on two of them, more where other processes work too.
        self._configuration: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": precision,
            "ENABLE_CPU_PINNING": False,
        }
        if threads > 0:
            self._configuration["INFERENCE_NUM_THREADS"] = threads
        if cache_dir is not None:
            self._configuration["CACHE_DIR"] = str(cache_dir)
        self._streams = min(threads or os.cpu_count() or 1, _MAX_STREAMS)
        self._programs: OrderedDict[tuple[int, tuple[int, ...]], _Program] = OrderedDict()
        self._precision = ""
        self._device = ""

    @property
    def precision(self) -> str:
        return self._precision

    @property
    def device(self) -> str:
        return self._device

    def run(self, pictures: NDArray[np.uint8]) -> Outputs:
        """See ``Network.run``. Any N is cut into batches of 4, 2 and 1: nothing is padded."""
        check_pictures(pictures)
        streams = 1 if len(pictures) == 1 else self._streams
        sizes = _batches(
            len(pictures), pixels=pictures.shape[1] * pictures.shape[2], streams=streams
        )
        pictures = np.ascontiguousarray(pictures)
        outputs: Outputs = {}
        running: deque[tuple[_Program, Any, int]] = deque()
        at = 0
        for size in sizes:
            if len(running) >= _MAX_RUNNING * streams:
                self._finish(running, outputs, count=len(pictures))
            program = self._program((size, *pictures.shape[1:]), streams=streams)
            running.append((program, program.start(pictures[at : at + size]), at))
            at += size
        while running:
            self._finish(running, outputs, count=len(pictures))
        return outputs

    @staticmethod
    def _finish(running: deque[tuple[_Program, Any, int]], outputs: Outputs, *, count: int) -> None:
        program, request, at = running.popleft()
        program.finish(request, outputs, at=at, count=count)

    def _program(self, shape: tuple[int, ...], *, streams: int) -> _Program:
        """The program for this shape, compiled where it is not kept."""
        found = self._programs.pop((streams, shape), None)
        if found is None:
            while len(self._programs) >= _MAX_PROGRAMS:
                self._programs.popitem(last=False)
            found = self._compile(shape, streams=streams)
        self._programs[streams, shape] = found
        return found

    def _compile(self, shape: tuple[int, ...], *, streams: int) -> _Program:
        import openvino as ov
        from openvino import preprocess

        from recognition.runtime.openvino_graph import quantise, spread_prelu

        model = _core().read_model(self._spec.path)
        names = wanted_outputs(self._spec, [item.get_any_name() for item in model.outputs])
        for item in model.outputs:
            if item.get_any_name() not in names:
                model.remove_result(item.get_node())
        names = tuple(item.get_any_name() for item in model.outputs)
        spread_prelu(model)
        quantise(model, self._int8_ranges)
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
        hint = "LATENCY" if streams == 1 else "THROUGHPUT"
        compiled = _core().compile_model(
            model,
            "CPU",
            {**self._configuration, "PERFORMANCE_HINT": hint, "NUM_STREAMS": streams},
        )
        self._precision = _precision_of(compiled)
        self._device = ",".join(compiled.get_property("EXECUTION_DEVICES")).lower()
        return _Program(compiled, names)


def _batches(count: int, *, pixels: int, streams: int) -> list[int]:
    """The largest batches first, each size only as often as every stream gets as many of it."""
    sizes: list[int] = []
    for size in _BATCHES:
        if size * pixels <= _MAX_BATCH_PIXELS:
            times = count // (size * streams) * streams
            sizes += [size] * times
            count -= size * times
    return sizes + [1] * count


def _precision_of(compiled: Any) -> str:
    """int8 where a convolution really runs in it, else what the floats are computed in."""
    for operation in compiled.get_runtime_model().get_ordered_ops():
        facts = operation.get_rt_info()
        if "Convolution" in str(facts["layerType"].value):
            kernel = str(facts["primitiveType"].value)
            if kernel.lower().endswith("i8"):
                return "int8"
    return str(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())


@cache
def _core() -> Any:
    import openvino as ov

    return ov.Core()
