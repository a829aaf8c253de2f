"""Which pictures make up a batch: pure functions of a seed and a number, so any batch can be had again.

Public surface: ``Request``, ``people_batch``, ``sample_people``, ``shuffled_requests``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Request", "people_batch", "sample_people", "shuffled_requests"]

Labels = NDArray[np.int64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Request:
    """A batch to be loaded. ``draws`` names each picture's appearance for its augmentation."""

    number: int
    rows: tuple[int, ...]
    draws: tuple[tuple[int, ...], ...]

    def share_of(self, *, rank: int, processes: int, group: int = 1) -> Request:
        """What one of several processes loads: every n-th group of pictures, all shares equal.

        Groups that do not divide among the processes are left out.
        """
        groups = len(self.rows) // group
        mine = range(rank, groups - groups % processes, processes)
        at = [number * group + offset for number in mine for offset in range(group)]
        return Request(
            self.number,
            tuple(self.rows[index] for index in at),
            tuple(self.draws[index] for index in at),
        )


def shuffled_requests(
    count: int, *, batch_size: int, first: int, number: int, seed: int
) -> Iterator[Request]:
    """Batches ``first`` to ``first + number - 1`` of an endless stream of shuffled passes.

    Every picture comes once in each pass; passes go over into one another, as in facenet's queue.
    """
    for batch in range(first, first + number):
        places = range(batch * batch_size, (batch + 1) * batch_size)
        rows = tuple(int(_pass(count, place // count, seed)[place % count]) for place in places)
        yield Request(batch, rows, tuple((seed, batch, at) for at in range(batch_size)))


def sample_people(labels: Labels, *, people: int, images: int, rng: np.random.Generator) -> Rows:
    """Rows of ``people * images`` pictures, at most ``images`` of anybody, person by person.

    facenet's ``sample_people`` (45 and 40): people in random order until there are enough
    pictures, so more than ``people`` of them where some have fewer. All pictures where there are
    not as many.
    """
    wanted = people * images
    rows: list[int] = []
    for label in rng.permutation(np.unique(labels)):
        own = rng.permutation(np.flatnonzero(labels == label))
        rows += own[: min(images, wanted - len(rows))].tolist()
        if len(rows) == wanted:
            break
    return np.array(rows, dtype=np.int64)


def people_batch(labels: Labels, *, people: int, images: int, rng: np.random.Generator) -> Rows:
    """Rows of exactly ``people`` persons with exactly ``images`` pictures each.

    Somebody with fewer pictures has some of them twice. Raises ``ValueError`` for fewer people.
    """
    everybody = np.unique(labels)
    if len(everybody) < people:
        raise ValueError(f"{people} people were asked for; there are {len(everybody)}")
    chosen = rng.permutation(everybody)[:people]
    drawn = []
    for label in chosen:
        own = rng.permutation(np.flatnonzero(labels == label))
        drawn.append(np.resize(own, images))
    return np.concatenate(drawn)


@lru_cache(maxsize=4)
def _pass(count: int, number: int, seed: int) -> Rows:
    return np.random.default_rng([seed, 29, number]).permutation(count)
