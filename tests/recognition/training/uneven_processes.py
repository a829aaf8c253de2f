"""Started by torchrun: a training whose second process is late, and has batches with no picture.

``python uneven_processes.py RUNS``. Every process says where its run is.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import torch
from made_training import MadePeople, settings

from recognition.training.softmax import train_softmax

DAMAGED = frozenset(range(0, 24, 4))
BATCH = 4
STEPS = 12


class Late(MadePeople):
    """Runs are named by the second in which they begin."""

    @property
    def names(self):
        if os.environ["RANK"] == "1":
            time.sleep(0.7)
        return super().names


def main(logs: Path) -> None:
    torch.set_num_threads(1)
    outcome = train_softmax(
        Late(4, 6, damaged=DAMAGED),
        settings(logs, epochs=1, batch_size=BATCH, epoch_size=STEPS),
        say=lambda words: print(words, flush=True),
    )
    print(f"run {outcome.run} with {len(outcome.problems)} problems", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
