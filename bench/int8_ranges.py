"""Measure the ranges of activations that ``recognition/runtime/int8_ranges.json`` holds.

    python -m bench.int8_ranges [--write]

Runs SFace in f32 over the faces of lfw_small and their mirror images, and looks for each tensor
that an int8 product reads for the range that loses least when it is cut into 256 levels. Prints
the file's content, or writes it; a run takes half a minute.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from bench.support import SmallLfw, small_lfw
from recognition.config import EngineConfig
from recognition.contracts import ImageAnalysis
from recognition.pipeline import load_engine
from recognition.runtime import float_graph
from recognition.runtime.int8 import RANGES_FILE

WEIGHTS_ID = "sface-2021dec"
# What every pointwise convolution reads, and what the last product reads. The depthwise ones
# between them gain nothing: their time goes into reading and writing.
TENSORS = (*(f"conv_{layer}_dw_relu" for layer in range(2, 15)), "bn1")
_BATCH = 8
_SAMPLES = 100  # of a tensor's places in each batch, every channel of them
# Tried on either side, as parts of the range seen.
_PARTS = np.linspace(0.3, 1.0, 36)

Numbers = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--write", action="store_true", help="replace the file instead of printing")
    options = parser.parse_args()
    ranges = {
        name: [round(bound, 4) for bound in best_range(values)]
        for name, values in activations(faces_of(small_lfw())).items()
    }
    text = json.dumps({WEIGHTS_ID: ranges}, indent=2) + "\n"
    if options.write:
        RANGES_FILE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


def faces_of(photos: SmallLfw) -> NDArray[np.uint8]:
    """All faces of the photos, aligned, then their mirror images: ``(N, 112, 112, 3) uint8``."""
    engine = load_engine(EngineConfig(device="cpu"))
    files = [photo.data for photo in (*photos.enrol, *photos.probes)]
    crops = [
        face.aligned
        for analysis in engine.analyse(files, flip_fusion=False)
        if isinstance(analysis, ImageAnalysis)
        for face in analysis.faces
    ]
    return np.concatenate([np.stack(crops), np.stack(crops)[:, :, ::-1]])


def activations(faces: NDArray[np.uint8]) -> dict[str, Numbers]:
    """Values of each tensor at random places of its map, in f32."""
    model = ov.Core().read_model(float_graph(WEIGHTS_ID, cache_dir=None))
    found = {name: output for o in model.get_ordered_ops() for output in o.outputs()
             for name in output.get_names() if name in TENSORS}  # fmt: skip
    model.add_outputs([found[name] for name in TENSORS])
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    rng = np.random.default_rng(0)
    values: dict[str, list[Numbers]] = {name: [] for name in TENSORS}
    for start in range(0, len(faces), _BATCH):
        batch = faces[start : start + _BATCH].transpose(0, 3, 1, 2).astype(np.float32)
        outputs = compiled([batch])
        for name in TENSORS:
            pixels = outputs[name].transpose(0, 2, 3, 1).reshape(-1, outputs[name].shape[1])
            values[name].append(pixels[rng.integers(0, len(pixels), _SAMPLES)].ravel())
    return {name: np.concatenate(parts) for name, parts in values.items()}


def best_range(values: Numbers) -> tuple[float, float]:
    """The range with the least mean squared error after rounding to 256 levels and clipping."""
    low, high = float(values.min()), float(values.max())

    def loss(bounds: tuple[float, float]) -> float:
        step = (bounds[1] - bounds[0]) / 255
        levels = np.rint((values - bounds[0]) / step).clip(0, 255)
        return float(np.square(levels * step + bounds[0] - values).mean())

    # one side after the other: their errors add up
    low = min((float(low * part) for part in _PARTS), key=lambda bound: loss((bound, high)))
    high = min((float(high * part) for part in _PARTS), key=lambda bound: loss((low, bound)))
    return low, high


if __name__ == "__main__":
    sys.exit(main())
