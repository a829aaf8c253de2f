"""A training for a test to kill: ``python doomed_training.py RUNS EPOCHS``. Says when an epoch ends."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from made_training import MadePeople, settings

from recognition.training.objectives import LossWeights
from recognition.training.session import Outcome
from recognition.training.softmax import train_softmax


def train(logs: Path, *, epochs: int, resume: bool = False) -> Outcome:
    """Everything that has a state: dropout, centres, averages, an optimiser, augmentation."""
    torch.set_num_threads(1)
    return train_softmax(
        MadePeople(5, 6),
        settings(
            logs, epochs=epochs, resume=resume, keep_probability=0.7, random_flip=True,
            random_rotate=True, weight_decay=1e-3, validation_share=0.2,
        ),
        weights=LossWeights(center=0.1, prelogits_norm=1e-3),
        say=lambda words: print(words, flush=True),
    )  # fmt: skip


if __name__ == "__main__":
    train(Path(sys.argv[1]), epochs=int(sys.argv[2]))
