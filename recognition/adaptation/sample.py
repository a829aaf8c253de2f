"""Whose pictures a head is fitted to, and how many are needed. Numpy alone.

Public surface: ``Sample``, ``Need``, ``lacking``, ``MIN_PEOPLE``, ``MIN_COMPARISONS``, ``PARTS``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MIN_COMPARISONS",
    "MIN_PEOPLE",
    "MOST_PEOPLE",
    "MOST_PICTURES",
    "PARTS",
    "Need",
    "Sample",
    "lacking",
]

# People are cut into this many parts; each is held out once.
PARTS: Final = 3
# Below this a part holds fewer than fifteen people, and an interval says nothing of anybody else.
MIN_PEOPLE: Final = 45
# Thirty false matches at the coarser of the two rates that are asked for, 1 in 100: Porter's
# "rule of 30", as quoted in ISO/IEC 19795-1.
MIN_COMPARISONS: Final = 3_000
# The pairs of a part grow with the square of its people, and so do memory and time.
MOST_PEOPLE: Final = 1_200
# Of one person: more tell of their days, not of people.
MOST_PICTURES: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """``vectors`` ``(N, D) float32``, unit length, of the space ``base_space``; ``owners`` whose
    each is. ``prior_mean`` ``(D,)`` is the mean of the base model's vectors of anybody."""

    vectors: NDArray[np.float32]
    owners: NDArray[np.str_]
    prior_mean: NDArray[np.float32]
    base_space: str

    @classmethod
    def of(
        cls,
        vectors: NDArray[np.float32],
        *,
        owners: Sequence[str],
        prior_mean: NDArray[np.float32],
        base_space: str,
    ) -> Sample:
        """Of everybody with two pictures or more (of ``MOST_PEOPLE`` of them, spread by name) at most
        ``MOST_PICTURES``, spread over what came.

        Raises ``ValueError`` for parts that do not fit or numbers that are not finite.
        """
        names = np.asarray(owners, np.str_)
        if vectors.ndim != 2 or names.shape != vectors.shape[:1]:
            raise ValueError(f"{len(names)} owners came with vectors of shape {vectors.shape}.")
        if prior_mean.shape != vectors.shape[1:]:
            raise ValueError(f"A mean of {prior_mean.shape} came with vectors {vectors.shape}.")
        if not np.isfinite(vectors).all():
            raise ValueError("A vector holds a number that is not finite; make it again.")
        order = np.argsort(names, kind="stable")
        _, counts = np.unique(names, return_counts=True)
        groups = [own for own in np.split(order, np.cumsum(counts)[:-1]) if len(own) > 1]
        rows = [_spread(own, MOST_PICTURES) for own in groups]
        rows = [rows[n] for n in _spread(np.arange(len(rows)), MOST_PEOPLE).tolist()]
        chosen = np.concatenate([np.empty(0, np.int64), *rows])
        return cls(vectors[chosen], names[chosen], prior_mean, base_space)

    @property
    def people(self) -> int:
        return len(np.unique(self.owners))

    @property
    def digest(self) -> str:
        """Changes with any picture or person, so that work on another sample is never gone on."""
        parts = hashlib.sha256(self.base_space.encode())
        parts.update(np.ascontiguousarray(self.vectors, "<f4").tobytes())
        parts.update("\n".join(self.owners.tolist()).encode())
        parts.update(np.ascontiguousarray(self.prior_mean, "<f4").tobytes())
        return parts.hexdigest()


@dataclass(frozen=True, slots=True)
class Need:
    """What is there and what is missing: people with two pictures or more, and comparisons of two
    different people of one part."""

    people: int
    pictures: int
    comparisons: int

    @property
    def more_people(self) -> int:
        """People with as many pictures as those there that would suffice; 0 where they do."""
        wanted = max(self.people, MIN_PEOPLE)
        per_person = self.pictures / self.people if self.people else 2.0
        while _comparisons(wanted, wanted * per_person) < MIN_COMPARISONS:
            wanted += 1
        return wanted - self.people

    @property
    def is_enough(self) -> bool:
        return self.more_people == 0


def lacking(pictures_of: Sequence[int]) -> Need:
    """From how many pictures each person has; those with one count for nothing."""
    usable = [min(count, MOST_PICTURES) for count in pictures_of if count > 1]
    return Need(len(usable), sum(usable), _comparisons(len(usable), sum(usable)))


def _spread(items: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of them, evenly from the first to the last."""
    if len(items) <= most:
        return items.astype(np.int64)
    return items[np.round(np.linspace(0, len(items) - 1, most)).astype(np.int64)]


def _comparisons(people: int, pictures: float) -> int:
    """About how many pairs of two different people lie within the parts."""
    if people < PARTS:
        return 0
    part, each = pictures / PARTS, pictures / people
    return int(PARTS * part * (part - each) / 2)
