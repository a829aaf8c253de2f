"""FaceNet's table 6: what more training data buys, in people or in pictures of each.

Public surface: ``study_data_size``, ``first_part``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from recognition.studies.sweep import Row, Step, run_sweep
from recognition.studies.trained import (
    TrainingStudy,
    identity_of,
    split_people,
    train_and_judge,
)
from recognition.training.sources import PartSource, Source, labels_of

__all__ = ["DataUnit", "first_part", "study_data_size"]

DataUnit = Literal["people", "pictures"]
_SHUFFLE = 23


def study_data_size(
    source: Source,
    study: TrainingStudy,
    *,
    shares: Sequence[float] = (0.125, 0.25, 0.5, 1.0),
    unit: DataUnit = "people",
    say: Callable[[str], None] = print,
) -> list[Row]:
    """A row for each share of the training data and each seed; a larger part holds the smaller.

    Every step takes as many optimiser steps: it is the data that is studied, not the time. Raises
    as ``run_sweep`` and ``train_softmax``.
    """
    trained, judged = split_people(source, study)
    settings = study.settings

    def measure(step: Step) -> Row:
        seed = step.settings["seed"]
        part = first_part(trained, share=step.settings["share"], unit=unit)
        own = replace(
            settings,
            logs=study.folder / "runs" / step.key,
            plan=replace(settings.plan, seed=seed),
        )
        found = train_and_judge(part, judged, settings=own, far=study.far, say=say)
        return {"people": len(part.names), "pictures": len(part), **found}

    steps = [
        Step(f"share{share:g}-seed{seed}", {"share": share, "seed": seed})
        for share in shares
        for seed in study.seeds
    ]
    return run_sweep(
        steps, study="data-size", identity={**identity_of(study, trained, judged), "unit": unit},
        folder=study.folder, measure=measure, say=say,
    )  # fmt: skip


def first_part(source: Source, *, share: float, unit: DataUnit) -> PartSource:
    """The first ``share`` of a fixed random order of people, or of each person's pictures.

    At least two people, and a picture of each. Raises ``ValueError`` for no share above 0.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share is {share}; expected more than 0 and at most 1")
    labels = labels_of(source)
    people = np.random.default_rng([0, _SHUFFLE]).permutation(len(source.names))
    if unit == "people":
        people = people[: max(2, round(share * len(people)))]
        rows = np.flatnonzero(np.isin(labels, people))
    else:
        own = [np.flatnonzero(labels == label) for label in range(len(source.names))]
        rows = np.sort(np.concatenate([r[: max(1, round(share * len(r)))] for r in own]))
    kept = sorted(people.tolist())
    new_label = {old: new for new, old in enumerate(kept)}
    return PartSource(
        whole=source,
        rows=tuple(rows.tolist()),
        names=tuple(source.names[old] for old in kept),
        labels=tuple(new_label[int(labels[row])] for row in rows),
    )
