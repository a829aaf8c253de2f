"""Training the whole cascade: each network on what those before it let through. Imports torch.

Public surface: ``CascadeOptions``, ``StageReport``, ``train_cascade``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from recognition.detection.mtcnn import MtcnnDetector
from recognition.detection.mtcnn_options import MtcnnOptions
from recognition.detection.mtcnn_weights import KerasArrays, MtcnnWeights
from recognition.detection.training.fitting import DROPS, EPOCHS, Epoch, FitOptions, fit
from recognition.detection.training.networks import fresh_network, keras_arrays
from recognition.detection.training.samples import Samples, Stage
from recognition.detection.training.sampling import (
    SamplingOptions,
    hard_samples,
    landmark_samples,
    random_samples,
)
from recognition.detection.training.scenes import SceneSource, checked_scenes
from recognition.errors import ImageRejected

__all__ = ["STAGES", "CascadeOptions", "StageReport", "train_cascade"]

STAGES: tuple[Stage, ...] = ("pnet", "rnet", "onet")

# Low, as published: what a stage lets through wrongly is what the next one learns to refuse.
_MINING = MtcnnOptions(thresholds=(0.3, 0.1, 0.7))


@dataclass(frozen=True, slots=True)
class CascadeOptions:
    """``epochs`` by network; ``fit`` gives everything else that is the same for all three."""

    epochs: Mapping[Stage, int] = field(default_factory=lambda: dict(EPOCHS))
    batch_size: int = 384
    learning_rate: float = 0.01
    drops: tuple[float, ...] = DROPS
    jitters_colours: bool = True
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    seed: int = 666
    device: Literal["cpu", "cuda"] = "cpu"

    def of_stage(self, stage: Stage) -> FitOptions:
        return FitOptions(
            self.epochs[stage],
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            drops=self.drops,
            jitters_colours=self.jitters_colours,
            seed=self.seed + STAGES.index(stage),
            device=self.device,
        )


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one network was trained on and how it went. ``unreadable`` names lost pictures."""

    stage: Stage
    samples: dict[str, int]
    curve: tuple[Epoch, ...]
    unreadable: tuple[str, ...]


def train_cascade(
    scenes: SceneSource,
    *,
    options: CascadeOptions,
    kept: Mapping[Stage, KerasArrays] | None = None,
    finished: Callable[[StageReport, KerasArrays], None] = lambda _report, _arrays: None,
    report: Callable[[Epoch], None] = lambda _: None,
) -> MtcnnWeights:
    """P-Net, then R-Net on its errors, then O-Net on the errors of both.

    ``kept`` are networks that an earlier run with the same options finished: they are taken as they
    are, and the result is the same as of one run. ``finished`` is called after each network. Raises
    ``TrainingDataRejected`` and ``TrainingDiverged``.
    """
    checked_scenes(scenes)
    arrays: dict[Stage, KerasArrays] = {
        stage: keras_arrays(fresh_network(stage, seed=options.seed)) for stage in STAGES
    }
    for stage in STAGES:
        if kept is not None and stage in kept:
            arrays[stage] = kept[stage]
            continue
        before = MtcnnDetector(MtcnnWeights(**arrays), options=_MINING, device=options.device)
        unreadable: list[str] = []
        samples = Samples.joined(
            _samples(scenes, before, stage, options=options, unreadable=unreadable), stage=stage
        )
        network = fresh_network(stage, seed=options.seed)
        curve = fit(network, samples, options=options.of_stage(stage), report=report)
        arrays[stage] = keras_arrays(network)
        finished(
            StageReport(stage, samples.counts(), tuple(curve), tuple(unreadable)), arrays[stage]
        )
    return MtcnnWeights(**arrays)


def _samples(
    scenes: SceneSource,
    before: MtcnnDetector,
    stage: Stage,
    *,
    options: CascadeOptions,
    unreadable: list[str],
) -> Iterator[Samples]:
    """Every scene's samples; a picture that cannot be read is named and left out."""
    sampling = options.sampling
    for index in range(len(scenes)):
        try:
            scene = scenes.read(index)
        except ImageRejected as error:
            unreadable.append(f"{scenes.name(index)}: {error.message}")
            continue
        random = np.random.default_rng([options.seed, STAGES.index(stage), index])
        yield random_samples(scene, stage=stage, options=sampling, random=random)
        yield landmark_samples(scene, stage=stage, options=sampling, random=random)
        if stage != "pnet":
            (candidates,) = before.candidates([scene.picture], network=stage)
            yield hard_samples(scene, candidates, stage=stage, options=sampling, random=random)
