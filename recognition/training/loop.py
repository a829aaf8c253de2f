"""Steps and epochs: gradients, precision, averages, checkpoints, and stopping when numbers fail.

Public surface: ``Plan``, ``Trainer``, ``Training``, ``run_training``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from recognition.device import choose_device
from recognition.errors import DeviceUnavailable
from recognition.networks.base import decayed_parameters
from recognition.training.batches import Batch
from recognition.training.checkpoints import (
    Checkpoint,
    load_checkpoint,
    newest_checkpoint,
    save_checkpoint,
)
from recognition.training.ddp import Processes
from recognition.training.ema import WeightAverages
from recognition.training.errors import TrainingError
from recognition.training.objectives import Objective
from recognition.training.optimisers import OptimiserName, build_optimiser
from recognition.training.records import RunFolder
from recognition.training.schedule import Schedule, StepSchedule

__all__ = ["Plan", "Precision", "Trainer", "Training", "run_training"]

Precision = Literal["auto", "f32", "bf16", "f16"]
_NAMED_FILES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How weights are changed. Defaults are facenet's; ``ema_decay=0`` keeps no averages.

    ``accumulate`` divides each batch into so many parts that are computed one after the other.
    ``precision="auto"``: bf16 or f16 on a GPU, f32 on a processor.
    """

    optimiser: OptimiserName = "ADAGRAD"
    schedule: Schedule = field(default_factory=lambda: StepSchedule(0.1))
    max_epochs: int = 500
    weight_decay: float = 0.0
    ema_decay: float = 0.9999
    accumulate: int = 1
    precision: Precision = "auto"
    seed: int = 666


class Trainer:
    """One objective being trained. ``step`` and ``epoch`` count what is done.

    ``may_differ`` names what of ``identity`` need not be that of a checkpoint.
    """

    def __init__(
        self,
        objective: Objective,
        *,
        plan: Plan,
        identity: Mapping[str, Any],
        processes: Processes = Processes(),  # noqa: B008 - frozen
        may_differ: Collection[str] = (),
    ) -> None:
        self.objective = objective
        self.plan = plan
        self.processes = processes
        self.may_differ = may_differ
        self.step = self.epoch = 0
        self._wrapped = processes.wrap(objective)
        self._decayed = decayed_parameters(objective)[0] + objective.decayed_extras()
        self._averages = WeightAverages(objective, decay=plan.ema_decay) if plan.ema_decay else None
        self._type = _number_type(plan.precision, processes.device)
        self.identity = {**identity, "precision": str(self._type).removeprefix("torch.")}
        self._scaler = torch.amp.GradScaler(
            processes.device.type, enabled=self._type is torch.float16
        )
        self._parameters = [p for p in objective.parameters() if p.requires_grad]
        self.optimiser: Optimizer = build_optimiser(
            plan.optimiser,
            parameters=self._parameters,
            decayed=self._decayed,
            rate=plan.schedule.rate(1) or 0.0,
            weight_decay=plan.weight_decay,
        )

    @property
    def device(self) -> torch.device:
        return self.processes.device

    def set_rate(self, rate: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def train_on(self, batch: Batch) -> dict[str, float]:
        """One step; the loss, its parts and the gradient's norm.

        Raises ``TrainingError`` (``training.not_finite``) naming the batch's files where a number
        is none, or ``training.not_finite_elsewhere`` where another process's batch is to blame;
        the weights are then those before the step.
        """
        self.objective.train()
        self.optimiser.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        parts = self._divided(batch)
        for number, (pixels, labels) in enumerate(parts):
            share = len(labels) / len(batch.labels)
            # Parts and processes average; a loss that is a sum has to add up over both.
            weight = float(self.processes.count) if self.objective.is_sum else share
            is_last = number == len(parts) - 1
            hold = nullcontext() if is_last else self.processes.without_averaging(self._wrapped)
            with hold:
                with torch.autocast(
                    self.device.type, dtype=self._type, enabled=self._type is not torch.float32
                ):
                    loss, found = self._wrapped(pixels, labels)
                self._scaler.scale(loss * weight).backward()
            for name, value in {"loss": loss.detach(), **found}.items():
                part = weight if name == "loss" else share
                sums[name] = sums.get(name, torch.zeros_like(value)) + value * part
        for parameter in self.objective.held_still():
            parameter.grad = None
        self._scaler.unscale_(self.optimiser)
        norm = nn.utils.get_total_norm(
            [p.grad for p in self._parameters if p.grad is not None], error_if_nonfinite=False
        )
        numbers = {name: float(value) for name, value in sums.items()}
        numbers["gradient_norm"] = float(norm)
        self._require_finite(numbers, batch)
        self._scaler.step(self.optimiser)
        self._scaler.update()
        self.objective.end_step()
        if self._averages is not None:
            self._averages.update(self.objective)
        self.step += 1
        return self.processes.mean(numbers)

    def regularisation(self) -> float:
        """``weight_decay / 2 * sum of squares``: what weight decay adds to the loss."""
        if not self.plan.weight_decay:
            return 0.0
        squares = sum(float(weights.detach().square().sum()) for weights in self._decayed)
        return 0.5 * self.plan.weight_decay * squares

    def averaged(self) -> Any:
        """Within ``with``: the objective has its averaged weights, where averages are kept."""
        if self._averages is None:
            return nullcontext()
        return self._averages.applied(self.objective)

    def save(self, folder: Path) -> None:
        """Write everything that a resumed run needs to go on as if nothing had been."""
        optimiser = self.optimiser.state_dict()
        tensors = {f"objective.{name}": t for name, t in self.objective.state_dict().items()}
        numbers: dict[str, dict[str, Any]] = {}
        for index, values in optimiser["state"].items():
            numbers[str(index)] = {}
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"optimiser.{index}.{name}"] = value
                else:
                    numbers[str(index)][name] = value
        if self._averages is not None:
            tensors |= {f"average.{name}": t for name, t in self._averages.averages.items()}
        tensors["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.device)
        state = {
            "step": self.step,
            "epoch": self.epoch,
            "updates": self._averages.updates if self._averages is not None else 0,
            "optimiser": {"state": numbers, "groups": optimiser["param_groups"]},
            "scaler": self._scaler.state_dict(),
        }
        save_checkpoint(Checkpoint(self.identity, state, tensors), folder, step=self.step)

    def restore(self, path: Path) -> None:
        """Go on from ``path``. Raises what ``load_checkpoint`` raises."""
        found = load_checkpoint(path, identity=self.identity, may_differ=self.may_differ)
        grouped: dict[str, dict[str, Tensor]] = {}
        for name, tensor in found.tensors.items():
            kind, _, rest = name.partition(".")
            grouped.setdefault(kind, {})[rest] = tensor
        try:
            self.objective.load_state_dict(grouped["objective"])
            numbers = found.state["optimiser"]
            states = {int(index): dict(values) for index, values in numbers["state"].items()}
            for name, tensor in grouped.get("optimiser", {}).items():
                index, _, field_name = name.partition(".")
                states[int(index)][field_name] = tensor
            self.optimiser.load_state_dict({"state": states, "param_groups": numbers["groups"]})
        except (RuntimeError, ValueError, KeyError) as error:
            raise TrainingError(
                f"{path} does not fit this network: {error}. Resume with the network it was "
                "written by.",
                code="training.other_checkpoint",
            ) from error
        if self._averages is not None:
            for name, average in self._averages.averages.items():
                average.copy_(grouped["average"][name])
            self._averages.updates = found.state["updates"]
        if self._scaler.is_enabled():
            self._scaler.load_state_dict(found.state["scaler"])
        torch.set_rng_state(grouped["random"]["cpu"])
        if self.device.type == "cuda" and "cuda" in grouped["random"]:
            torch.cuda.set_rng_state(grouped["random"]["cuda"], self.device)
        self.step, self.epoch = found.state["step"], found.state["epoch"]

    def _divided(self, batch: Batch) -> list[tuple[Tensor, Tensor]]:
        """Parts of whole groups, as equal as can be, of two pictures at least: statistics of a
        batch need them."""
        group = self.objective.group
        groups = len(batch.labels) // group
        count = max(1, min(self.plan.accumulate, groups if group > 1 else groups // 2))
        ends = [group * (groups * (part + 1) // count) for part in range(count)]
        starts = [0, *ends[:-1]]
        pixels, labels = batch.pixels.to(self.device), batch.labels.to(self.device)
        return [(pixels[a:b], labels[a:b]) for a, b in zip(starts, ends, strict=True)]

    def _require_finite(self, numbers: Mapping[str, float], batch: Batch) -> None:
        judged = dict(numbers)
        if self._scaler.is_enabled():
            del judged["gradient_norm"]  # may overflow in f16: the scaler leaves that step out
        bad = sorted(name for name, value in judged.items() if not math.isfinite(value))
        if bad == ["gradient_norm"] and self.processes.count > 1:
            # Gradients are averaged: one process's bad picture is in everybody's.
            raise TrainingError(
                f"Step {self.step + 1} (epoch {self.epoch + 1}): the gradient is not a finite "
                "number, and the loss of this process's pictures is. Look at the files that "
                "another process names; else lower the learning rate, or train in f32.",
                code="training.not_finite_elsewhere",
            )
        if bad:
            named = ", ".join(batch.keys[:_NAMED_FILES])
            more = len(batch.keys) - _NAMED_FILES
            raise TrainingError(
                f"Step {self.step + 1} (epoch {self.epoch + 1}, batch {batch.number}): "
                f"{', '.join(bad)} is not a finite number. The batch: {named}"
                f"{f' and {more} more' if more > 0 else ''}. Look at these files; else lower the "
                "learning rate, or train in f32.",
                code="training.not_finite",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What an epoch consists of. ``judge`` is asked with averaged weights, None judges never.

    ``problems`` and ``waited_s`` are read after each epoch: damaged pictures so far, and seconds
    that were spent waiting for pictures. ``record`` adds to the run's records what only the
    trainer knows; ``on_epoch`` hears of every epoch, for live curves; ``say`` of batches left out.
    """

    batches: Callable[[int], Iterable[Batch]]
    judge: Callable[[int], Mapping[str, float]] | None = None
    problems: Callable[[], Mapping[str, str]] = dict
    waited_s: Callable[[], float] = float
    record: Callable[[Mapping[str, float], RunFolder], None] | None = None
    on_epoch: Callable[[Mapping[str, float]], None] | None = None
    say: Callable[[str], None] = print


def run_training(trainer: Trainer, training: Training, *, run: RunFolder) -> None:
    """Epochs until the schedule or ``max_epochs`` ends; a checkpoint and a record after each.

    A run folder with checkpoints goes on behind the newest. Raises ``TrainingError``.
    """
    newest = newest_checkpoint(run.checkpoints)
    if newest is not None:
        trainer.restore(newest)
    is_writer = trainer.processes.is_first
    if is_writer:
        run.forget_after(step=trainer.step, epoch=trainer.epoch)
    while trainer.epoch < trainer.plan.max_epochs:
        number = trainer.epoch + 1
        rate = trainer.plan.schedule.rate(number)
        if rate is None:
            break
        trainer.set_rate(rate)
        row = _train_epoch(trainer, training, number, rate, run)
        if row is None:
            break
        trainer.epoch = number
        if training.judge is not None:
            trainer.objective.eval()
            with trainer.averaged():
                row |= training.judge(number)
        problems = trainer.processes.joined(dict(training.problems()))
        if is_writer:
            if training.record is not None:
                training.record(row, run)
            run.add_epoch(row)
            trainer.save(run.checkpoints)
            run.note_problems(problems)
        if training.on_epoch is not None:
            training.on_epoch(row)


def _train_epoch(
    trainer: Trainer, training: Training, number: int, rate: float, run: RunFolder
) -> dict[str, float] | None:
    """The epoch's row, or None where it had no batch: nothing is left to be learnt."""
    started, waited_before = time.perf_counter(), training.waited_s()
    sums: dict[str, float] = {}
    images = steps = 0
    for batch in training.batches(number):
        least, fewest = trainer.processes.least(len(batch.rows)), trainer.objective.fewest
        if least < fewest:  # in any process: all of them step, or none
            training.say(
                f"Batch {batch.number} of epoch {number} is left out: damage leaves {least} of its "
                f"pictures{' to a process' if trainer.processes.count > 1 else ''}; a step needs "
                f"{fewest}."
            )
            continue
        try:
            values = trainer.train_on(batch)
        except TrainingError as error:
            if error.code == "training.not_finite":  # of this process's batch, whichever it is
                with suppress(TrainingError):  # a full disk is not what has to be said now
                    run.note_failed_batch(batch.keys, step=trainer.step + 1)
            raise
        steps += 1
        images += len(batch.keys) * trainer.processes.count
        for name, value in values.items():
            sums[name] = sums.get(name, 0.0) + value
        if trainer.processes.is_first:
            run.add_step({"step": trainer.step, "epoch": number, "learning_rate": rate, **values})
    if not steps:
        return None
    seconds = time.perf_counter() - started
    waited = training.waited_s() - waited_before
    return {
        "epoch": number,
        "step": trainer.step,
        "learning_rate": rate,
        **{name: value / steps for name, value in sums.items()},
        "regularisation": trainer.regularisation(),
        "images": images,
        "seconds": seconds,
        "images_per_s": images / seconds,
        "loading_share": waited / seconds,
    }


def _number_type(precision: Precision, device: torch.device) -> torch.dtype:
    """Raises ``DeviceUnavailable`` for a precision that the device lacks."""
    kind: Literal["cpu", "cuda"] = "cuda" if device.type == "cuda" else "cpu"
    if precision == "auto":
        if kind == "cpu":
            return torch.float32
        try:
            choose_device("cuda", "bf16")  # no step is lost to an overflow, as in f16
        except DeviceUnavailable as error:
            if error.code != "device.precision":
                raise
            return torch.float16
        return torch.bfloat16
    if precision != "f32":
        choose_device(kind, precision)
    return {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[precision]
