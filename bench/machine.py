"""What this machine can do at most: arithmetic per core and precision, and reading memory.

    python -m bench.machine

The other benchmarks print their figures as shares of these. Public surface: ``Bandwidth``,
``Peak``, ``measure_peak``, ``measure_read_bandwidth``, ``read_bandwidth_gb_s``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from bench.support import describe_machine

__all__ = [
    "Bandwidth",
    "Peak",
    "Precision",
    "measure_peak",
    "measure_read_bandwidth",
    "read_bandwidth_gb_s",
]

Precision = Literal["f32", "bf16", "int8"]

# The sides of a product that fits into the second-level cache, and of one that does not quite:
# the faster of them counts. Larger ones only measure memory again.
_SIDES = (256, 512)
_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Peak:
    """The fastest dense product seen: a multiplication and an addition are two operations."""

    precision: Precision
    giga_operations_per_s_per_core: float
    kernel: str


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Memory read by all cores together; ``megabytes`` is how much was read at a time."""

    gigabytes_per_s: float
    threads: int
    megabytes: int


def read_bandwidth_gb_s() -> float:
    """GB/s (10^9 bytes) that all cores together read from memory, at best of several tries."""
    return measure_read_bandwidth().gigabytes_per_s


def measure_read_bandwidth(*, megabytes: int = 512, repeats: int = 9) -> Bandwidth:
    """Each core reads its own part of an array far larger than the caches.

    The dot product of a part with itself: BLAS reads it once, and its arithmetic hides behind the
    reading. It came out ahead of sums, maxima and matrix-vector products in numpy and torch.
    """
    cores = len(os.sched_getaffinity(0))
    values = np.ones(megabytes * 2**20 // 4, dtype=np.float32)
    parts = np.array_split(values, cores)
    best_s = float("inf")
    with ThreadPoolExecutor(cores) as pool:
        for _ in range(repeats):
            started = time.perf_counter()
            list(pool.map(lambda part: part.dot(part), parts))
            best_s = min(best_s, time.perf_counter() - started)
    return Bandwidth(values.nbytes / best_s / 1e9, cores, megabytes)


def measure_peak(precision: Precision) -> Peak:
    """The best rate of OpenVINO's own kernels on one core, in their best-known shape.

    A square matrix product, written as a 1x1 convolution over square pictures. The time is the
    kernel's own, as the runtime counts it, and the best of many: other processes cannot make a
    machine look slower than it is, only a short moment is needed without them.
    """
    best = Peak(precision, 0.0, "")
    for side in _SIDES:
        seconds, kernel = _product(side, precision)
        rate = 2.0 * side**3 / seconds / 1e9
        if rate > best.giga_operations_per_s_per_core:
            best = Peak(precision, rate, kernel)
    return best


def _product(side: int, precision: Precision) -> tuple[float, str]:
    """Seconds of the fastest ``side x side`` product, and the kernel that ran."""
    import openvino as ov
    from openvino import opset13 as ops

    rng = np.random.default_rng(0)
    pixels = ops.parameter([1, side, side // 32, 32], np.float32)
    weights = rng.integers(-127, 128, (side, side, 1, 1))
    inputs: Any = pixels
    matrix: Any
    if precision == "int8":
        bounds = [np.float32(-128), np.float32(127)] * 2
        inputs = ops.fake_quantize(pixels, *bounds, 256)
        matrix = ops.multiply(
            ops.convert(ops.constant(weights.astype(np.int8)), np.float32),
            ops.constant(np.full((side, 1, 1, 1), 1 / 64, np.float32)),
        )
    else:
        matrix = ops.constant((weights / 64).astype(np.float32))
    product = ops.convolution(inputs, matrix, [1, 1], [0, 0], [0, 0], [1, 1])
    compiled = ov.Core().compile_model(
        ov.Model([product], [pixels]),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32" if precision == "f32" else "bf16",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": 1,
            "PERF_COUNT": True,
        },
    )
    request = compiled.create_infer_request()
    values = rng.integers(-127, 128, (1, side, side // 32, 32)).astype(np.float32)
    best_s, kernel = float("inf"), ""
    until = time.perf_counter() + _SECONDS
    while time.perf_counter() < until:
        request.infer([values], share_inputs=True)
        for layer in request.profiling_info:
            if layer.node_type == "Convolution":
                best_s = min(best_s, layer.real_time.total_seconds())
                kernel = str(layer.exec_type)
    return best_s, kernel


def main(_: Sequence[str] = ()) -> None:
    print(describe_machine())
    bandwidth = measure_read_bandwidth()
    print(
        f"memory: {bandwidth.gigabytes_per_s:.1f} GB/s read by {bandwidth.threads} threads "
        f"({bandwidth.megabytes} MB)"
    )
    for precision in get_args(Precision):
        peak = measure_peak(precision)
        print(
            f"{precision:5} {peak.giga_operations_per_s_per_core:6.0f} Gop/s per core "
            f"({peak.kernel})"
        )


if __name__ == "__main__":
    sys.exit(main())
