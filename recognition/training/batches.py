"""Loading batches of prepared pictures beside the network, in an order that does not hang on it.

Threads, not processes: decoding and warping leave Python's lock, and a fork of a process in which
OpenVINO or faiss has threads of its own crashes or reads other pixels.

Public surface: ``Batch``, ``OnDamage``, ``PictureLoader``, ``default_workers``.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from recognition.errors import RecognitionError
from recognition.training.augmentation import PictureRecipe
from recognition.training.errors import TrainingError
from recognition.training.samplers import Request
from recognition.training.sources import Source

__all__ = ["Batch", "OnDamage", "PictureLoader", "default_workers"]

OnDamage = Literal["skip", "refuse"]

# Batches that each thread keeps ready: enough for an uneven picture, little enough for memory.
_READY_BATCHES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """``pixels`` ``(N, 3, S, S) float32``, ``labels`` ``(N,) int64`` and the pictures' keys.

    ``rows`` are the pictures' numbers in the source. ``problems`` says of damaged pictures, which
    are not in the batch, what was wrong.
    """

    number: int
    pixels: Tensor
    labels: Tensor
    rows: tuple[int, ...]
    keys: tuple[str, ...]
    problems: dict[str, str]


@dataclass(slots=True, eq=False)
class PictureLoader:
    """Reads, decodes and prepares pictures of ``source`` in ``workers`` threads (0: the caller's).

    A damaged picture is left out and kept in ``problems`` by its key, or ends the training with
    ``TrainingError`` (``training.data``). A damaged picture of a group (of three, for triplets)
    takes its group along. Loaders of one run share ``problems``. ``waited_s`` adds up how long the network waited for
    pictures.
    """

    source: Source
    recipe: PictureRecipe
    workers: int = 0
    on_damage: OnDamage = "skip"
    group: int = 1
    problems: dict[str, str] = field(default_factory=dict)
    waited_s: float = 0.0
    _damaged: set[str] = field(default_factory=set)

    def train(self, requests: Sequence[Request]) -> Iterator[Batch]:
        """Augmented batches, one for each of ``requests``, an empty one where all is damaged:
        several processes have to count the same number of batches."""
        return self._batches(_Reader(self.source, self.recipe, tuple(requests), self.group, None))

    def judge(
        self, rows: Sequence[int], *, batch_size: int, is_mirrored: bool = False
    ) -> Iterator[Batch]:
        """Batches of ``rows`` in their order, nothing random about them."""
        requests = tuple(
            Request(number, tuple(rows[start : start + batch_size]), ())
            for number, start in enumerate(range(0, len(rows), batch_size))
        )
        found = self._batches(_Reader(self.source, self.recipe, requests, 1, is_mirrored))
        return (batch for batch in found if batch.rows)

    def _batches(self, reader: _Reader) -> Iterator[Batch]:
        waiting_since = time.perf_counter()
        for batch in self._loaded(reader):
            self.waited_s += time.perf_counter() - waiting_since
            self._report(batch)
            yield batch
            waiting_since = time.perf_counter()

    def _loaded(self, reader: _Reader) -> Iterator[Batch]:
        workers = min(self.workers, len(reader.requests))
        if not workers:
            yield from map(reader.load, reader.requests)
            return
        pool = ThreadPoolExecutor(workers, thread_name_prefix="pictures")
        ready: deque[Future[Batch]] = deque()
        try:
            for request in reader.requests:
                ready.append(pool.submit(reader.load, request))
                if len(ready) > workers * _READY_BATCHES:
                    yield ready.popleft().result()
            while ready:
                yield ready.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _report(self, batch: Batch) -> None:
        self.problems.update(batch.problems)
        self._damaged |= batch.problems.keys()
        if batch.problems and self.on_damage == "refuse":
            key, message = next(iter(batch.problems.items()))
            raise TrainingError(
                f"{key} cannot be used: {message} Repair or remove it, or leave damaged pictures "
                "out with --on-damage skip.",
                code="training.data",
            )
        if len(self._damaged) >= len(self.source):
            key, message = next(iter(batch.problems.items()))
            raise TrainingError(
                f"Not one of {len(self.source)} pictures can be used; {key}: {message}",
                code="training.data",
            )


def default_workers() -> int:
    """As many as this process may use cores, at most four, as facenet has loader threads."""
    return min(4, len(os.sched_getaffinity(0)))


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    """``is_mirrored`` is None for training. Any number of threads may read at a time."""

    source: Source
    recipe: PictureRecipe
    requests: tuple[Request, ...]
    group: int
    is_mirrored: bool | None

    def load(self, request: Request) -> Batch:
        pictures: dict[int, np.ndarray] = {}
        problems: dict[str, str] = {}
        for at, row in enumerate(request.rows):
            try:
                picture = self.source.read(row)
            except RecognitionError as error:
                problems[self.source.key(row)] = error.message
            except OSError as error:
                problems[self.source.key(row)] = f"{error.strerror or error}."
            else:
                pictures[at] = self._prepared(picture, request, at)
        kept = [at for at in pictures if self._is_whole(at, pictures)]
        size = self.recipe.size_px
        stacked = np.stack([pictures[at] for at in kept]) if kept else np.empty((0, 3, size, size))
        rows = tuple(request.rows[at] for at in kept)
        return Batch(
            number=request.number,
            pixels=torch.from_numpy(stacked),
            labels=torch.tensor([self.source.label(row) for row in rows], dtype=torch.int64),
            rows=rows,
            keys=tuple(self.source.key(row) for row in rows),
            problems=problems,
        )

    def _prepared(self, picture: np.ndarray, request: Request, at: int) -> np.ndarray:
        if self.is_mirrored is None:
            return self.recipe.for_training(picture, draw=request.draws[at])
        return self.recipe.for_evaluation(picture, is_mirrored=self.is_mirrored)

    def _is_whole(self, at: int, pictures: dict[int, np.ndarray]) -> bool:
        start = at - at % self.group
        return all(other in pictures for other in range(start, start + self.group))
