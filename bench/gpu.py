"""Everything that this project measures on an NVIDIA GPU, in one command.

    python -m bench.gpu [--rows 10000000] [--json figures.json]
    python -m bench.gpu --device cpu     (small: proves that the code runs, measures nothing)

Pictures per second of the whole engine per detector and batch, SFace by itself as a share of the
card's arithmetic, exact search as a share of its memory's bandwidth, and whether vectors and
search agree with the processor's. Where there is no GPU it says so and ends with 0.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bench.embedding import WEIGHTS_ID, multiply_adds, some_faces
from bench.support import describe_machine, median, small_lfw
from recognition.config import DetectorName, EngineConfig
from recognition.contracts import Picture
from recognition.detection import build_detector
from recognition.device import DeviceChoice
from recognition.images import decode_image
from recognition.index._products import Screen, screen_rows
from recognition.index.quantise import quantisation_step
from recognition.models import build_embedder
from recognition.pipeline import Engine
from recognition.runtime import NetworkSpec, float_graph, open_network

if TYPE_CHECKING:
    import torch

BATCHES = (1, 16, 64, 256)
DIMENSIONS = (128, 512)
STORAGES: tuple[Literal["f16", "int8"], ...] = ("f16", "int8")
AGREEMENT = 1e-3  # the most that a cosine or a score may differ from the processor's
RUNS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; ``share`` is of what the card could do at most, where that is known."""

    name: str
    value: float
    unit: str
    share: float | None = None


class Card:
    """A device and its clock: on a GPU time is only read when all its work is done."""

    def __init__(self, device: Literal["cpu", "cuda"]) -> None:
        import torch

        self.device: Literal["cpu", "cuda"] = device
        self.is_gpu = device == "cuda"
        name = torch.cuda.get_device_name(0) if self.is_gpu else "the processor"
        self.choice = DeviceChoice(device, name, "f16" if self.is_gpu else "f32", "torch")

    def seconds(self, work: Callable[[], object], *, runs: int = RUNS) -> float:
        """Median of several runs, after two to warm up."""
        import torch

        took = []
        for run in range(runs + 2):
            if self.is_gpu:
                torch.cuda.synchronize()
            started = time.perf_counter()
            work()
            if self.is_gpu:
                torch.cuda.synchronize()
            if run >= 2:
                took.append(time.perf_counter() - started)
        return median(took)


def main() -> int:
    options = _options()
    print(describe_machine())
    missing = _why_no_gpu() if options.device == "cuda" else ""
    if missing:
        print(f"No GPU was measured: {missing}")
        return 0
    card = Card(options.device)
    small = not card.is_gpu
    print(f"{card.choice.device_name}, torch in {card.choice.precision}")
    if small:
        print("A processor stands in for the GPU: the figures below say nothing but that it runs.")
    figures = limits(card, megabytes=64 if small else 4096, side=512 if small else 8192)
    read_gb_s, arithmetic = figures[1].value, figures[2].value
    figures += embedding(card, arithmetic, batches=(1, 4) if small else BATCHES)
    figures += pipelines(card, batches=(1, 4) if small else BATCHES)
    rows = min(options.rows, 20_000) if small else options.rows
    figures += searches(card, read_gb_s, rows=rows)
    for figure in figures:
        share = "" if figure.share is None else f"   {figure.share:.0%} of the limit"
        print(f"{figure.name:52}{figure.value:12,.1f} {figure.unit}{share}")
    disagreements = {"vectors": vectors_off(card), "search": search_off(card)}
    for name, off in disagreements.items():
        verdict = "agrees" if off <= AGREEMENT else "DOES NOT AGREE"
        print(f"{name}: {verdict} with the processor in f32, off by {off:.1e} at most")
    if options.json:
        found = {
            "device": card.choice.device_name,
            "figures": [asdict(figure) for figure in figures],
            "off": disagreements,
        }
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if max(disagreements.values()) <= AGREEMENT else 1


def limits(card: Card, *, megabytes: int, side: int) -> list[Figure]:
    """What the card can do at most, measured: copying, reading, and a product in f16."""
    import torch

    block = torch.ones(megabytes * 2**20 // 4, dtype=torch.float32, device=card.device)
    other = torch.empty_like(block)
    size_gb = block.nbytes / 1e9
    copied = 2 * size_gb / card.seconds(lambda: other.copy_(block))
    read = size_gb / card.seconds(block.sum)
    kind = torch.float16 if card.is_gpu else torch.float32
    matrix = torch.ones((side, side), dtype=kind, device=card.device)
    product = 2 * side**3 / card.seconds(lambda: matrix @ matrix) / 1e12
    return [
        Figure("memory, copied (read and written)", copied, "GB/s"),
        Figure("memory, read (sum)", read, "GB/s"),
        Figure(f"matrix product, {side} x {side}", product, "Top/s"),
    ]


def embedding(card: Card, arithmetic: float, *, batches: Sequence[int]) -> list[Figure]:
    """SFace by itself: pictures in the machine's memory to vectors there."""
    network = open_network(NetworkSpec(float_graph(WEIGHTS_ID, cache_dir=None)), card.choice)
    work = 2 * multiply_adds(float_graph(WEIGHTS_ID, cache_dir=None), (1, 3, 112, 112))
    found = []
    for count in batches:
        faces = np.random.default_rng(0).integers(0, 256, (count, 112, 112, 3), dtype=np.uint8)
        took = card.seconds(lambda faces=faces: network.run(faces))  # type: ignore[misc]
        share = count * work / took / 1e12 / arithmetic
        found.append(Figure(f"SFace, {count} at once", count / took, "faces/s", share))
    return found


def pipelines(card: Card, *, batches: Sequence[int]) -> list[Figure]:
    """Decoded pictures to vectors, both detectors; decoding is the processor's work."""
    pictures = some_pictures(max(batches))
    detectors: tuple[DetectorName, ...] = ("mtcnn", "yunet")
    found = []
    for detector in detectors:
        for batch in batches:
            engine = engine_on(card.choice, detector=detector, batch_size=batch)
            part = pictures[:batch]
            took = card.seconds(lambda e=engine, p=part: e.analyse_pictures(p))  # type: ignore[misc]
            found.append(Figure(f"{detector} + SFace, {batch} at once", batch / took, "pictures/s"))
    return found


def searches(card: Card, read_gb_s: float, *, rows: int) -> list[Figure]:
    """The five best of all rows, for one probe (bound by memory) and for 64 together."""
    import torch

    found = []
    for dimension in DIMENSIONS:
        for storage in STORAGES:
            screen = random_screen(card, rows=rows, dimension=dimension, storage=storage)
            for probes in (1, 64):
                asked = unit_rows(probes, dimension)
                took = card.seconds(lambda s=screen, a=asked: screen_rows(s, a, k=5))  # type: ignore[misc]
                share = screen.rows.nbytes / 1e9 / took / read_gb_s
                name = f"search {rows:,} x {dimension} in {storage}, {probes} at once"
                found.append(Figure(name, probes / took, "searches/s", share))
            del screen
            if card.is_gpu:
                torch.cuda.empty_cache()
        found += _faiss_search(card, read_gb_s, rows=rows, dimension=dimension)
    return found


def vectors_off(card: Card) -> float:
    """The largest cosine distance between this device's vectors and the processor's in f32."""
    faces = some_faces(32)
    spec = NetworkSpec(float_graph(WEIGHTS_ID, cache_dir=None))
    vectors = []
    for choice in (card.choice, DeviceChoice("cpu", "the processor", "f32", "openvino")):
        raw = open_network(spec, choice).run(faces)["fc1"].astype(np.float64)
        vectors.append(raw / np.linalg.norm(raw, axis=1, keepdims=True))
    return float((1.0 - (vectors[0] * vectors[1]).sum(axis=1)).max())


def search_off(card: Card) -> float:
    """How far below the true best score the best row found lies, over probes and storages."""
    import torch

    worst = 0.0
    for dimension in DIMENSIONS:
        rows, probes = unit_rows(20_000, dimension, seed=1), unit_rows(64, dimension, seed=2)
        exact = (rows.astype(np.float64) @ probes.T.astype(np.float64)).T
        for storage in STORAGES:
            screen = _screen(torch.from_numpy(rows), card, storage=storage)
            kept = screen_rows(screen, probes, k=5)
            for scores, survivors in zip(exact, kept, strict=True):
                # the caller scores what is left exactly: so the true five must be among it
                missed = np.sort(scores)[-5:] - np.sort(scores[survivors])[-5:]
                worst = max(worst, float(missed.max()))
    return worst


def engine_on(choice: DeviceChoice, *, detector: DetectorName, batch_size: int) -> Engine:
    """An engine on this very device: ``load_engine`` would take OpenVINO on a processor."""
    config = EngineConfig(detector=detector, batch_size=batch_size, flip_fusion=False)
    return Engine(
        config,
        choice=choice,
        detector=build_detector(
            detector,
            choice=choice,
            threshold=config.detection_threshold,
            min_face_px=config.min_face_px,
        ),
        embedder=build_embedder(WEIGHTS_ID, choice=choice, flip_fusion=False),
    )


def some_pictures(count: int) -> list[Picture]:
    """Decoded photos of lfw_small, 250 x 250, the set over and over."""
    return [decode_image(photo.data).picture for photo in small_lfw().snapshots(count)]


def random_screen(
    card: Card, *, rows: int, dimension: int, storage: Literal["f16", "int8"]
) -> Screen:
    """Random unit rows, made on the device: ten million of them do not cross the bus."""
    import torch

    made = torch.empty(
        (rows, dimension),
        dtype=torch.int8 if storage == "int8" else torch.float16,
        device=card.device,
    )
    step, scale, error = 1 << 18, _scale(storage, dimension), 0.0
    for start in range(0, rows, step):
        part = torch.randn((min(step, rows - start), dimension), device=card.device)
        part /= part.norm(dim=1, keepdim=True)
        stored, off = _encoded(part, storage, scale)
        made[start : start + len(part)] = stored
        error = max(error, off)
    return Screen(made, _product_type(card), scale, error)


def unit_rows(count: int, dimension: int, *, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _screen(rows: torch.Tensor, card: Card, *, storage: Literal["f16", "int8"]) -> Screen:
    scale = _scale(storage, rows.shape[1])
    stored, error = _encoded(rows, storage, scale)
    return Screen(stored.to(card.device), _product_type(card), scale, error)


def _encoded(
    rows: torch.Tensor, storage: Literal["f16", "int8"], scale: float
) -> tuple[torch.Tensor, float]:
    """The rows as they are stored, and how far that moves the one that it moves most."""
    import torch

    if storage == "int8":
        stored = (rows / scale).round().clamp(-127, 127).to(torch.int8)
    else:
        stored = rows.to(torch.float16)
    return stored, float((stored.float() * scale - rows).norm(dim=1).max())


def _scale(storage: Literal["f16", "int8"], dimension: int) -> float:
    return quantisation_step(dimension) if storage == "int8" else 1.0


def _product_type(card: Card) -> torch.dtype:
    import torch

    return torch.float16 if card.is_gpu else torch.float32


def _faiss_search(card: Card, read_gb_s: float, *, rows: int, dimension: int) -> list[Figure]:
    """faiss-gpu's flat index in f16 over the same number of rows, where that package is installed."""
    import faiss

    if not card.is_gpu or not hasattr(faiss, "StandardGpuResources"):
        print(f"faiss-gpu, {dimension} numbers a row: not measured, it is not installed here")
        return []
    config = faiss.GpuIndexFlatConfig()
    config.useFloat16 = True
    index = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), dimension, config)
    step = 1 << 18
    for start in range(0, rows, step):
        index.add(unit_rows(min(step, rows - start), dimension, seed=start))
    found = []
    for probes in (1, 64):
        asked = unit_rows(probes, dimension)
        took = card.seconds(lambda a=asked: index.search(a, 5))  # type: ignore[misc]
        share = rows * dimension * 2 / 1e9 / took / read_gb_s
        name = f"faiss-gpu {rows:,} x {dimension} in f16, {probes} at once"
        found.append(Figure(name, probes / took, "searches/s", share))
    return found


def _why_no_gpu() -> str:
    import torch

    if torch.cuda.is_available():
        return ""
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is built without CUDA; see requirements-gpu.txt."
    return "torch sees no NVIDIA GPU (no card, no driver, or CUDA_VISIBLE_DEVICES hides it)."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--rows", type=int, default=10_000_000, help="vectors to search")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
