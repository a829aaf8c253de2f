"""How many pictures a second training takes, against what the arithmetic allows, and who waits for whom.

    python -m bench.training_speed --network mobilefacenet --batch-size 32 --image-size 112

The limit: a picture costs its multiply-adds once forward and twice backward, and a dense product of
this machine's torch runs at the rate measured beside it, in the same precision and with the same
threads. The share of loading is the time that steps waited for pictures, read from made JPEG files
by as many threads as training uses.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from bench.support import describe_machine
from recognition.networks import NETWORKS, FaceNetwork, build_network, count_multiply_adds
from recognition.training.augmentation import PictureRecipe
from recognition.training.batches import PictureLoader, default_workers
from recognition.training.classifier import linear_head
from recognition.training.ddp import Processes
from recognition.training.loop import Plan, Trainer
from recognition.training.objectives import ClassificationObjective, LossWeights
from recognition.training.samplers import shuffled_requests
from recognition.training.sources import open_folder

_FORWARD_AND_BACKWARD = 3
_SIDES = {"cpu": (512, 1024), "cuda": (4096, 8192)}
_WARM_UP = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=tuple(NETWORKS), default="mobilefacenet")
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--precision", choices=("f32", "bf16", "f16"), default="f32")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    device = torch.device(options.device)
    network = build_network(options.network, input_px=options.image_size, seed=666)
    multiply_adds = count_multiply_adds(network)
    with tempfile.TemporaryDirectory() as folder:
        _write_pictures(Path(folder), size_px=network.input_px)
        images_per_s, loading_share = _train(Path(folder), network, device, options)
    rate = _product_rate(device, options.precision)
    limit = rate / (_FORWARD_AND_BACKWARD * multiply_adds)
    result = {
        "machine": describe_machine(),
        "threads": torch.get_num_threads(),
        "network": options.network,
        "input_px": network.input_px,
        "precision": options.precision,
        "images_per_s": round(images_per_s, 1),
        "loading_share": round(loading_share, 3),
        "multiply_adds_per_picture": multiply_adds,
        "measured_product_giga_multiply_adds_per_s": round(rate / 1e9, 1),
        "limit_images_per_s": round(limit, 1),
        "share_of_limit": round(images_per_s / limit, 3),
    }
    print(json.dumps(result, indent=2))


def _write_pictures(root: Path, *, size_px: int, people: int = 16, photos: int = 16) -> None:
    rng = np.random.default_rng(0)
    for person in range(people):
        (root / f"p{person}").mkdir()
        for photo in range(photos):
            coarse = rng.integers(0, 255, (12, 12, 3), dtype=np.uint8)
            picture = cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(root / f"p{person}" / f"{photo}.jpg"), picture)


def _train(
    folder: Path, network: FaceNetwork, device: torch.device, options: argparse.Namespace
) -> tuple[float, float]:
    """Images a second after the first steps, and the share of that time spent waiting for them."""
    source = open_folder(folder)
    recipe = PictureRecipe(size_px=network.input_px, random_flip=True, fixed_standardisation=True)
    loader = PictureLoader(source, recipe, workers=options.workers)
    objective = ClassificationObjective(
        network, linear_head(len(source.names), network.embedding_size), LossWeights()
    )
    trainer = Trainer(
        objective,
        plan=Plan(optimiser="MOM", precision=options.precision, ema_decay=0.9999),
        identity={},
        processes=Processes(device=device),
    )
    trainer.set_rate(1e-3)
    requests = shuffled_requests(
        len(source), batch_size=options.batch_size, first=0, number=options.steps + _WARM_UP, seed=1
    )
    images, started, waited = 0, 0.0, 0.0
    for number, batch in enumerate(loader.train(list(requests))):
        if number == _WARM_UP:  # the batch is here already: its waiting is not counted either
            started, waited = time.perf_counter(), loader.waited_s
        trainer.train_on(batch)  # ends with the loss on the processor: nothing is left running
        images += len(batch.keys) if number >= _WARM_UP else 0
    seconds = time.perf_counter() - started
    return images / seconds, (loader.waited_s - waited) / seconds


def _product_rate(device: torch.device, precision: str) -> float:
    """Multiply-adds a second of torch's own dense product, the best of several sizes and tries."""
    kind = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[precision]
    best = 0.0
    for side in _SIDES[device.type]:
        a = torch.randn(side, side, device=device, dtype=kind)
        b = torch.randn(side, side, device=device, dtype=kind)
        for _ in range(12):
            if device.type == "cuda":
                torch.cuda.synchronize()
            started = time.perf_counter()
            a @ b
            if device.type == "cuda":
                torch.cuda.synchronize()
            best = max(best, side**3 / (time.perf_counter() - started))
    return best


if __name__ == "__main__":
    main()
