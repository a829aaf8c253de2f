"""FaceNet's table 3 and figure 4: what a network's multiply-adds buy.

Public surface: ``study_architecture``, ``size_of``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from recognition.networks import build_network, count_multiply_adds, network_spec
from recognition.studies.sweep import Row, Step, run_sweep
from recognition.studies.trained import (
    TrainingStudy,
    identity_of,
    split_people,
    train_and_judge,
)
from recognition.training.session import RunSettings
from recognition.training.sources import Source

__all__ = ["size_of", "study_architecture"]


def study_architecture(
    source: Source,
    study: TrainingStudy,
    *,
    networks: Sequence[str],
    say: Callable[[str], None] = print,
) -> list[Row]:
    """A row for each network and seed: input, parameters, multiply-adds, then the figures.

    ``settings.input_px`` None gives each network its own input. Raises ``RecognitionError`` for an
    unknown network or one that cannot take the pictures' size, before anything is trained; else as
    ``run_sweep`` and ``train_softmax``.
    """
    trained, judged = split_people(source, study)
    settings = study.settings
    sizes = {name: size_of(name, settings) for name in networks}

    def measure(step: Step) -> Row:
        name, seed = step.settings["network"], step.settings["seed"]
        own = replace(
            settings,
            logs=study.folder / "runs" / step.key,
            network=name,
            # The whole picture for each, whatever it sees of it.
            resize_px=settings.resize_px or sizes[name]["input_px"],
            plan=replace(settings.plan, seed=seed),
        )
        return train_and_judge(trained, judged, settings=own, far=study.far, say=say)

    identity = identity_of(study, trained, judged)
    identity["settings"].pop("network")
    steps = [
        Step(f"{name}-seed{seed}", {"network": name, "seed": seed, **sizes[name]})
        for name in networks
        for seed in study.seeds
    ]
    return run_sweep(
        steps, study="architecture", identity=identity, folder=study.folder, measure=measure,
        say=say,
    )  # fmt: skip


def size_of(name: str, settings: RunSettings) -> Row:
    """Counted on the meta device, at the study's input and embedding size."""
    network_spec(name)
    with torch.device("meta"):
        network = build_network(
            name, embedding_size=settings.embedding_size, input_px=settings.input_px
        )
    return {
        "input_px": network.input_px,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "multiply_adds": count_multiply_adds(network),
    }
