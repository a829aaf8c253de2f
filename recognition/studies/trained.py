"""What the studies that train have in common: one step is networks trained and judged on strangers.

Public surface: ``FIGURES``, ``TrainingStudy``, ``split_people``, ``train_and_judge``, ``untrained``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from recognition.device import choose_device
from recognition.networks import build_network
from recognition.networks.base import FaceNetwork
from recognition.networks.files import load_network
from recognition.studies.figures import Judgement, judge_vectors
from recognition.studies.sweep import Row
from recognition.training.augmentation import PictureRecipe
from recognition.training.batches import PictureLoader
from recognition.training.judging import embed_rows
from recognition.training.session import RunSettings
from recognition.training.softmax import train_softmax
from recognition.training.sources import Source, split_source

__all__ = [
    "FIGURES",
    "TrainingStudy",
    "identity_of",
    "split_people",
    "train_and_judge",
    "untrained",
]

FIGURES = ("val", "auc", "eer", "rank_1")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStudy:
    """``settings`` are those of every run but for what is studied; its ``logs`` are not used.

    ``folder`` holds the table, and a folder of runs for each step. Every step is trained once with
    each of ``seeds``. ``held_share`` of the people are judged on, the same in all steps, at ``far``.
    ``data`` names the set in the study's identity.
    """

    folder: Path
    settings: RunSettings
    data: str
    seeds: tuple[int, ...] = (666,)
    held_share: float = 0.3
    far: float = 1e-2


def split_people(source: Source, study: TrainingStudy) -> tuple[Source, Source]:
    """People to train on and others to judge by, the same for every step of every seed.

    Raises ``TrainingError`` where a part would be empty.
    """
    return split_source(source, share=study.held_share, mode="classes", seed=0)


def identity_of(study: TrainingStudy, trained: Source, judged: Source) -> Row:
    """What all rows of a table share, as JSON values; the seeds differ from row to row."""
    settings = asdict(study.settings)
    plan = settings.pop("plan")
    left_out = {"logs", "resume", "workers", "device", "has_tensorboard", "lfw", "crop"}
    return {
        "data": study.data,
        "people": [len(trained.names), len(judged.names)],
        "pictures": [len(trained), len(judged)],
        "held_share": study.held_share,
        "far": study.far,
        "settings": {k: str(v) for k, v in settings.items() if k not in left_out},
        "plan": {k: str(v) for k, v in plan.items() if k not in {"seed", "precision"}},
    }


def train_and_judge(
    trained: Source,
    judged: Source,
    *,
    settings: RunSettings,
    far: float,
    say: Say,
) -> Row:
    """Train with softmax (a run of ``settings.logs`` that was broken off goes on), then judge.

    The row is ``Judgement`` on ``judged``, and what the training cost: pictures, seconds, last loss.
    Raises what ``train_softmax`` raises.
    """
    broken_off = _newest_run(settings.logs)
    if broken_off is not None:
        settings = replace(settings, logs=broken_off, resume=True)
    outcome = train_softmax(trained, settings, say=say)
    network = load_network(outcome.network_file)
    found = _judgement(network, judged, settings, far=far)
    return {
        **_figures(found),
        "epochs": outcome.epochs,
        "loss": outcome.last.get("loss"),
        "images_per_s": outcome.last.get("images_per_s"),
        "damaged": len(outcome.problems),
    }


def untrained(judged: Source, *, settings: RunSettings, far: float) -> Judgement:
    """The same network as it is drawn, before it has seen a picture: what training starts from."""
    network = build_network(
        settings.network,
        embedding_size=settings.embedding_size,
        input_px=settings.input_px,
        seed=settings.plan.seed,
    )
    return _judgement(network.eval(), judged, settings, far=far)


def _judgement(
    network: FaceNetwork, judged: Source, settings: RunSettings, *, far: float
) -> Judgement:
    recipe = PictureRecipe(
        size_px=network.input_px,
        fixed_standardisation=settings.fixed_standardisation,
        resize_px=settings.resize_px,
    )
    device = torch.device(choose_device(settings.device, "f32").device)
    vectors, kept = embed_rows(
        network.to(device),
        PictureLoader(judged, recipe, workers=settings.workers),
        rows=range(len(judged)),
        batch_size=settings.batch_size,
        device=device,
    )
    labels = np.array([judged.label(row) for row in kept], dtype=np.int64)
    return judge_vectors(vectors, labels=labels, far=far)


def _figures(found: Judgement) -> Row:
    kept = ("val", "val_low", "val_high", "far", "auc", "eer", "rank_1", "genuine_pairs",
            "impostor_pairs", "note")  # fmt: skip
    return {name: getattr(found, name) for name in kept}


def _newest_run(logs: Path) -> Path | None:
    """The run that an interruption left behind; it knows itself how far it was."""
    if not logs.is_dir():
        return None
    runs = [path.parent for path in logs.glob("*/arguments.json")]
    return max(runs, key=lambda path: path.name, default=None)
