"""FaceNet's table 5: how many numbers an embedding needs. Public surface: ``study_embedding_size``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from recognition.studies.sweep import Row, Step, run_sweep
from recognition.studies.trained import (
    TrainingStudy,
    identity_of,
    split_people,
    train_and_judge,
)
from recognition.training.sources import Source

__all__ = ["PAPER_SIZES", "study_embedding_size"]

PAPER_SIZES = (64, 128, 256, 512)


def study_embedding_size(
    source: Source,
    study: TrainingStudy,
    *,
    sizes: Sequence[int] = PAPER_SIZES,
    say: Callable[[str], None] = print,
) -> list[Row]:
    """A row for each size and seed. Raises as ``run_sweep`` and ``train_softmax``."""
    trained, judged = split_people(source, study)
    settings = study.settings

    def measure(step: Step) -> Row:
        size, seed = step.settings["embedding_size"], step.settings["seed"]
        own = replace(
            settings,
            logs=study.folder / "runs" / step.key,
            embedding_size=size,
            plan=replace(settings.plan, seed=seed),
        )
        return train_and_judge(trained, judged, settings=own, far=study.far, say=say)

    identity = identity_of(study, trained, judged)
    identity["settings"].pop("embedding_size")
    steps = [
        Step(f"d{size}-seed{seed}", {"embedding_size": size, "seed": seed})
        for size in sizes
        for seed in study.seeds
    ]
    return run_sweep(
        steps, study="embedding-size", identity=identity, folder=study.folder, measure=measure,
        say=say,
    )  # fmt: skip
