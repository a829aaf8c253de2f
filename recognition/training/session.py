"""What every training begins and ends with: data, network, device, judges, and the files it leaves.

Public surface: ``Outcome``, ``RunSettings``, ``Session``, ``open_session``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recognition.config import Device
from recognition.datasets.pairs import locate_pairs, read_pairs
from recognition.datasets.splits import SplitMode
from recognition.device import choose_device
from recognition.embedding_spec import CropSpec, Scaling
from recognition.errors import RecognitionError
from recognition.evaluation.lfw import Metric
from recognition.networks import build_network, set_batch_norm_decay
from recognition.networks.base import FaceNetwork
from recognition.networks.files import RestoreReport, restore_into, save_network
from recognition.networks.preparation import preparation_metadata
from recognition.training.augmentation import PictureRecipe
from recognition.training.batches import OnDamage, PictureLoader
from recognition.training.ddp import Processes, join_processes
from recognition.training.errors import TrainingError
from recognition.training.judging import FileSource, judge_pairs, judge_people
from recognition.training.loop import Plan, Trainer, Training, run_training
from recognition.training.objectives import Objective
from recognition.training.records import RunFolder, open_run
from recognition.training.sources import (
    Source,
    labels_of,
    split_source,
    with_enough_images,
)

__all__ = ["LfwSettings", "Outcome", "RunSettings", "Session", "open_session"]

NETWORK_FILE = "network.safetensors"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LfwSettings:
    """LFW's protocol between epochs, facenet's options."""

    images: Path
    pairs: Path
    batch_size: int = 100
    metric: Metric = 0
    has_flip: bool = False
    subtract_mean: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """facenet's options and defaults, as far as all trainers share them.

    ``keep_probability`` is what dropout keeps; ``pretrained`` a network file to begin from, whose
    head is drawn anew unless ``keep_head``; for ``head_epochs`` the trunk is held still.
    ``batch_norm_decay`` None is the network's own. ``crop`` says how the faces were cut, for the
    network's file: `models add` can then install it as it is. A run that goes on has to keep its
    learning rates unless ``new_schedule``.
    """

    logs: Path
    network: str = "inception-resnet-v1"
    embedding_size: int = 128
    input_px: int | None = None
    keep_probability: float = 1.0
    batch_norm_decay: float | None = None
    pretrained: Path | None = None
    keep_head: bool = False
    head_epochs: int = 0
    batch_size: int = 90
    epoch_size: int = 1000
    random_crop: bool = False
    random_flip: bool = False
    random_rotate: bool = False
    fixed_standardisation: bool = False
    resize_px: int | None = None
    workers: int = 0
    on_damage: OnDamage = "skip"
    min_images_per_class: int = 1
    validation_share: float = 0.0
    validation_mode: SplitMode = "images"
    min_validation_images: int = 1
    validate_every: int = 5
    lfw: LfwSettings | None = None
    device: Device = "auto"
    crop: CropSpec | None = None
    has_tensorboard: bool = False
    resume: bool = False
    new_schedule: bool = False
    plan: Plan = field(default_factory=Plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``last`` is the last epoch's row; ``report`` says what was taken from a pretrained file.

    ``is_first`` is false in all of several processes but the one that wrote the files.
    """

    run: Path
    network_file: Path
    epochs: int
    last: Mapping[str, Any]
    report: RestoreReport | None
    problems: Mapping[str, str]
    is_first: bool = True


class Session:
    """One training's parts. ``train`` and ``held_back`` are loaders (the latter may be None)."""

    def __init__(
        self, source: Source, settings: RunSettings, *, processes: Processes, say: Say
    ) -> None:
        self.settings = settings
        self.processes = processes
        self.say: Say = say if processes.is_first else _silence
        self.problems: dict[str, str] = {}
        if settings.batch_size < 2 * processes.count:
            raise TrainingError(
                f"A batch of {settings.batch_size} gives {processes.count} processes fewer than two "
                "pictures each, and statistics of a batch need two. Raise --batch-size.",
                code="training.batch",
            )
        self.recipe, self.network, self.report = self._network()
        source = with_enough_images(source, least=settings.min_images_per_class)
        held_back: Source | None = None
        if settings.validation_share:
            source, held_back = split_source(
                source,
                share=settings.validation_share,
                mode=settings.validation_mode,
                seed=settings.plan.seed,
                least_held_back=settings.min_validation_images,
            )
            if settings.validation_mode == "classes":
                _require_pairs(held_back)
        self._crop = settings.crop and self._crop_as_seen(settings.crop, source)
        self.source = source
        self.labels = labels_of(source)
        self._pictures = _digest_of(source, held_back)
        self.train = self.loader_of(source)
        self.held_back = None if held_back is None else self.loader_of(held_back)
        self._lfw = self._lfw_judge()
        self._tell_data(held_back)

    @property
    def seed(self) -> int:
        return self.settings.plan.seed

    @property
    def scaling(self) -> Scaling:
        return "fixed" if self.settings.fixed_standardisation else "per_image"

    def run(
        self,
        objective: Objective,
        training: Training,
        *,
        identity: Mapping[str, Any],
        arguments: Mapping[str, Any],
    ) -> Outcome:
        """Train, keep the records, and write the network with its averaged weights."""
        settings, processes = self.settings, self.processes
        run = self._opened_run()
        trainer = Trainer(
            objective,
            plan=settings.plan,
            identity=self._identity(identity),
            processes=processes,
            may_differ={"learning_rates"} if settings.new_schedule else (),
        )
        if processes.is_first:
            self.say(run.begin(arguments, has_tensorboard=settings.has_tensorboard))
        self.say(f"Run: {run.path}")
        if settings.new_schedule:
            self.say(f"Learning rates from here on: {settings.plan.schedule}.")
        batches = training.batches

        def with_phase(epoch: int) -> Any:
            objective.is_trunk_held = epoch <= settings.head_epochs
            return batches(epoch)

        run_training(
            trainer,
            replace(
                training,
                batches=with_phase,
                judge=self._judge(training.judge),
                problems=lambda: self.problems,
                waited_s=lambda: self.train.waited_s,
                on_epoch=lambda row: self._told(row, training, run),
                say=self.say,
            ),
            run=run,
        )
        path = run.path / NETWORK_FILE
        problems = processes.joined(self.problems)
        if processes.is_first:
            run.note_problems(problems)
            with trainer.averaged():
                save_network(self.network, path, extra=self._preparation())
            run.finish()
            if problems:
                self.say(f"{len(problems)} pictures could not be used: damaged_pictures.json.")
        rows = run.rows("epochs")
        return Outcome(
            run=run.path,
            network_file=path,
            epochs=trainer.epoch,
            last=rows[-1] if rows else {},
            report=self.report,
            problems=problems,
            is_first=processes.is_first,
        )

    def _opened_run(self) -> RunFolder:
        """The first process's, in all: clocks differ. It knows what a stopped run left out."""
        settings, processes = self.settings, self.processes
        run = RunFolder(settings.logs)
        if processes.is_first:
            run = open_run(settings.logs, resume=settings.resume)
            self.problems.update(run.problems())
        return RunFolder(Path(processes.of_first(str(run.path))))

    def _network(self) -> tuple[PictureRecipe, FaceNetwork, RestoreReport | None]:
        settings = self.settings
        network = build_network(
            settings.network,
            embedding_size=settings.embedding_size,
            input_px=settings.input_px,
            dropout=1.0 - settings.keep_probability,
            seed=settings.plan.seed,
        )
        if settings.batch_norm_decay is not None:
            set_batch_norm_decay(network, decay=settings.batch_norm_decay)
        report = None
        if settings.pretrained is not None:
            report = restore_into(network, settings.pretrained, head=settings.keep_head)
            self.say(_report_line(settings.pretrained, report))
        recipe = PictureRecipe(
            size_px=network.input_px,
            random_crop=settings.random_crop,
            random_flip=settings.random_flip,
            random_rotate=settings.random_rotate,
            fixed_standardisation=settings.fixed_standardisation,
            resize_px=settings.resize_px,
        )
        return recipe, network, report

    def loader_of(self, source: Source, *, group: int = 1) -> PictureLoader:
        """All loaders of a session note damaged pictures in one place."""
        return PictureLoader(
            source,
            self.recipe,
            workers=self.settings.workers,
            on_damage=self.settings.on_damage,
            group=group,
            problems=self.problems,
        )

    def _crop_as_seen(self, crop: CropSpec, source: Source) -> CropSpec:
        """What the network's file will say; one picture shows how large faces were cut.

        Of a larger one the network sees a part as large as its input, from anywhere with
        ``random_crop``: as if cut with less margin, which only a margin in output pixels can say.
        """
        found = _first_readable(source)
        if found is None:
            return crop  # damaged, all of them: said when the first one's turn comes
        key, shorter = found
        resize, wanted = self.settings.resize_px, self.network.input_px
        seen = resize or shorter
        if seen == wanted:
            return crop
        margin_px = crop.margin_px - (seen - wanted)
        is_of_output = (
            crop.alignment == "box-margin" and crop.margin_convention == "facenet-pytorch"
        )
        if is_of_output and resize is None and 0 <= margin_px < crop.margin_px:
            self.say(
                f"Of faces cut to {seen} px with a margin of {crop.margin_px} px the network sees "
                f"{wanted} px: its file says {margin_px} px of margin."
            )
            return replace(crop, margin_px=margin_px)
        raise TrainingError(
            f"--crop says that faces were cut for this network, which sees {wanted} px; {key} "
            f"{'becomes' if resize else 'has'} {seen} px, so faces would be of another size in use "
            f"than in training. Cut them to {wanted} px, or leave --crop out. (Larger ones, for "
            "--random-crop, are understood where they were cut with --crop facenet-pytorch.)",
            code="training.options",
        )

    def _lfw_judge(self) -> Callable[[], Mapping[str, float]] | None:
        chosen = self.settings.lfw
        if chosen is None:
            return None
        located = locate_pairs(read_pairs(chosen.pairs), root=chosen.images)
        source = FileSource(tuple(sorted({*located.first, *located.second})))
        loader = self.loader_of(source)
        return lambda: judge_pairs(
            self.network,
            loader,
            located=located,
            source=source,
            batch_size=chosen.batch_size,
            device=self.processes.device,
            metric=chosen.metric,
            has_flip=chosen.has_flip,
            subtract_mean=chosen.subtract_mean,
        )

    def _judge(
        self, own: Callable[[int], Mapping[str, float]] | None
    ) -> Callable[[int], Mapping[str, float]]:
        """``own`` replaces the judgement of pictures held back of trained people."""
        settings, plan = self.settings, self.settings.plan

        def judge(epoch: int) -> dict[str, float]:
            found: dict[str, float] = {}
            is_last = epoch == plan.max_epochs or plan.schedule.rate(epoch + 1) is None
            if epoch % settings.validate_every == 0 or is_last:
                if self.held_back is not None and settings.validation_mode == "classes":
                    found |= judge_people(
                        self.network,
                        self.held_back,
                        batch_size=settings.batch_size,
                        device=self.processes.device,
                    )
                elif own is not None:
                    found |= own(epoch)
            if self._lfw is not None:
                found |= self._lfw()
            return found

        return judge

    def _identity(self, own: Mapping[str, Any]) -> dict[str, Any]:
        settings = self.settings
        return {
            "network": self.network.name,
            "embedding_size": self.network.embedding_size,
            "input_px": self.network.input_px,
            "people": len(self.source.names),
            "pictures": len(self.source),
            "pictures_sha256": self._pictures,
            "held_back": {
                "share": settings.validation_share,
                "by": settings.validation_mode,
                "least": settings.min_validation_images,
            }
            if settings.validation_share
            else None,
            "batch_size": settings.batch_size,
            "epoch_size": settings.epoch_size,
            "optimiser": settings.plan.optimiser,
            "learning_rates": str(settings.plan.schedule),
            "ema_decay": settings.plan.ema_decay,
            "head_epochs": settings.head_epochs,
            "seed": self.seed,
            "processes": self.processes.count,
            "pictures_as": asdict(self.recipe),
            "keep_probability": settings.keep_probability,
            "batch_norm_decay": settings.batch_norm_decay,
            "weight_decay": settings.plan.weight_decay,
            "accumulate": settings.plan.accumulate,
            **own,
        }

    def _preparation(self) -> dict[str, str]:
        crop = self._crop
        if crop is None:
            return {"scaling": self.scaling, "channel_order": "rgb"}
        return preparation_metadata(crop, scaling=self.scaling)

    def _told(self, row: Mapping[str, float], training: Training, run: RunFolder) -> None:
        shown = ("loss", "accuracy", "satisfied", "val_accuracy", "val_auc", "val_tmr",
                 "lfw_accuracy", "lfw_val_rate")  # fmt: skip
        figures = ", ".join(f"{name} {row[name]:.4g}" for name in shown if name in row)
        self.say(
            f"epoch {row['epoch']}: {figures}; rate {row['learning_rate']:g}, "
            f"{row['images_per_s']:.1f} images/s, {row['loading_share']:.0%} waiting for pictures"
        )
        if training.on_epoch is not None:
            training.on_epoch(row)

    def _tell_data(self, held_back: Source | None) -> None:
        counts = np.bincount(self.labels, minlength=len(self.source.names))
        words = f"{len(self.source):,} pictures of {len(self.source.names):,} people"
        if held_back is not None:
            words += f"; held back {len(held_back):,} of {len(held_back.names):,}"
        if (counts == 1).any():
            words += f"; people with a single picture: {int((counts == 1).sum())}"
        empty = getattr(self.source, "empty", ())
        if empty:
            words += f"; empty folders left out: {len(empty)}"
        self.say(words + ".")


def _first_readable(source: Source) -> tuple[str, int] | None:
    """A picture's key and shorter side."""
    for row in range(len(source)):
        try:
            return source.key(row), min(source.read(row).shape[:2])
        except (RecognitionError, OSError):
            continue
    return None


def _digest_of(*sources: Source | None) -> str:
    """Of all people's names and all pictures' names and labels; not of what the pictures show."""
    digest = hashlib.sha256()
    for source in sources:
        described = source and [
            list(source.names),
            [(source.label(row), source.key(row)) for row in range(len(source))],
        ]
        digest.update(json.dumps(described).encode())
    return digest.hexdigest()


def _require_pairs(held_back: Source) -> None:
    counts = np.bincount(labels_of(held_back))
    if len(counts) < 2 or counts.max() < 2:
        raise TrainingError(
            f"The {len(held_back.names)} people held back give no pairs of both kinds: two people "
            "are needed, and two pictures of one. Raise --validation-set-split-ratio.",
            code="training.data",
        )


@contextmanager
def open_session(source: Source, settings: RunSettings, *, say: Say) -> Iterator[Session]:
    """Join torchrun's processes, seed everything and build the parts."""
    choice = choose_device(settings.device, "f32")
    with join_processes(torch.device(choice.device)) as processes:
        torch.manual_seed(settings.plan.seed)
        yield Session(source, settings, processes=processes, say=say)


def _report_line(path: Path, report: RestoreReport) -> str:
    named = [
        f"{len(names)} {word} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
        for word, names in (
            ("missing", report.missing),
            ("unexpected", report.unexpected),
            ("of another shape", report.reshaped),
            ("drawn anew", report.left),
        )
        if names
    ]
    return f"{path}: {len(report.restored)} tensors restored; {'; '.join(named) or 'nothing else'}."


def _silence(message: str) -> None:
    """What all processes but the first say."""
