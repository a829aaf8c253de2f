"""How good a network is, asked between epochs: pictures held back, people held back, LFW's pairs.

Public surface: ``FileSource``, ``embed_rows``, ``judge_images``, ``judge_pairs``,
``judge_people``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from recognition.contracts import Picture, Vectors
from recognition.datasets.pairs import LocatedPairs
from recognition.evaluation.lfw import Metric, evaluate_lfw
from recognition.evaluation.verification import (
    area_under,
    equal_error_rate,
    operating_point,
    roc_curve,
)
from recognition.images import decode_image
from recognition.networks.base import FaceNetwork
from recognition.training.batches import PictureLoader
from recognition.training.objectives import ClassificationObjective

__all__ = ["FileSource", "embed_rows", "judge_images", "judge_pairs", "judge_people"]

FMR = 1e-3
# Eight million pairs; all of a large set's would take tens of gigabytes.
_MOST_JUDGED = 4_000


@torch.inference_mode()
def embed_rows(
    network: FaceNetwork,
    loader: PictureLoader,
    *,
    rows: Sequence[int],
    batch_size: int,
    device: torch.device,
    is_mirrored: bool = False,
) -> tuple[Vectors, tuple[int, ...]]:
    """Unit vectors of the pictures that can be read, and which rows they are.

    In the mode (training or evaluation) that the network is in. In training a picture that is
    alone in its batch is left out: statistics of a batch need two.
    """
    vectors = [np.empty((0, network.embedding_size), np.float32)]
    kept: list[int] = []
    for batch in loader.judge(rows, batch_size=batch_size, is_mirrored=is_mirrored):
        if network.training and len(batch.rows) == 1:
            continue
        found = network.embed(batch.pixels.to(device, non_blocking=True))
        vectors.append(found.float().cpu().numpy())
        kept += batch.rows
    return np.concatenate(vectors), tuple(kept)


@torch.inference_mode()
def judge_images(
    objective: ClassificationObjective,
    loader: PictureLoader,
    *,
    batch_size: int,
    device: torch.device,
) -> dict[str, float]:
    """Cross entropy and accuracy on pictures of the trained people that were held back."""
    losses, right, images = 0.0, 0, 0
    for batch in loader.judge(range(len(loader.source)), batch_size=batch_size):
        labels = batch.labels.to(device)
        logits = objective.classify(batch.pixels.to(device))
        losses += float(functional.cross_entropy(logits, labels, reduction="sum"))
        right += int((logits.argmax(dim=1) == labels).sum())
        images += len(labels)
    return {"val_cross_entropy": losses / images, "val_accuracy": right / images}


def judge_people(
    network: FaceNetwork, loader: PictureLoader, *, batch_size: int, device: torch.device
) -> dict[str, float]:
    """All pairs of pictures of people whom the network has not been trained on: of 4,000 of the
    pictures, evenly taken, where there are more."""
    count = len(loader.source)
    rows = np.linspace(0, count - 1, min(count, _MOST_JUDGED)).astype(np.int64).tolist()
    vectors, kept = embed_rows(network, loader, rows=rows, batch_size=batch_size, device=device)
    labels = np.array([loader.source.label(row) for row in kept])
    first, second = np.triu_indices(len(labels), k=1)
    cosines = (vectors @ vectors.T)[first, second]
    curve = roc_curve(cosines, labels[first] == labels[second])
    return {
        "val_auc": area_under(curve),
        "val_eer": equal_error_rate(curve)[0],
        "val_tmr": operating_point(curve, fmr=FMR).tmr,
        "val_genuine_pairs": curve.genuine,
        "val_impostor_pairs": curve.impostors,
    }


@dataclass(frozen=True, slots=True)
class FileSource:
    """Pictures without classes, for pairs."""

    files: tuple[Path, ...]
    names: tuple[str, ...] = ("",)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> Picture:
        return decode_image(self.files[index].read_bytes()).picture

    def label(self, index: int) -> int:
        return 0

    def key(self, index: int) -> str:
        return str(self.files[index])


def judge_pairs(
    network: FaceNetwork,
    loader: PictureLoader,
    *,
    located: LocatedPairs,
    source: FileSource,
    batch_size: int,
    device: torch.device,
    metric: Metric = 0,
    has_flip: bool = False,
    subtract_mean: bool = False,
) -> dict[str, float]:
    """The LFW protocol as facenet validates: ten folds, accuracy and VAL at FAR 1e-3.

    ``source``, which ``loader`` reads, holds each file of ``located`` once. ``has_flip`` sets the mirror image's
    vector beside the picture's own. Pairs with an unreadable picture count as non-matches.
    """
    row_of = {path: row for row, path in enumerate(source.files)}
    views = []
    usable = np.ones(len(row_of), np.bool_)
    for is_mirrored in (False, True) if has_flip else (False,):
        vectors, kept = embed_rows(
            network, loader, rows=range(len(source)), batch_size=batch_size, device=device,
            is_mirrored=is_mirrored,
        )  # fmt: skip
        placed = np.zeros((len(source), vectors.shape[1]), np.float32)
        placed[list(kept)] = vectors
        usable[np.setdiff1d(np.arange(len(source)), kept)] = False
        views.append(placed)
    both = np.concatenate(views, axis=1)
    first = _rows(located.first, row_of)
    second = _rows(located.second, row_of)
    result = evaluate_lfw(
        both[first],
        both[second],
        is_same=np.array([pair.is_same for pair in located.pairs]),
        fold=np.array([pair.fold for pair in located.pairs]),
        metric=metric,
        subtract_mean=subtract_mean,
        is_usable=usable[first] & usable[second],
    )
    return {
        "lfw_accuracy": result.accuracy,
        "lfw_val_rate": result.val,
        "lfw_auc": result.auc,
        "lfw_eer": result.eer,
    }


def _rows(paths: Iterable[Path], row_of: Mapping[Path, int]) -> NDArray[np.int64]:
    return np.array([row_of[path] for path in paths], dtype=np.int64)
