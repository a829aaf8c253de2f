"""Pictures that come twice, and people who are in two sets.

Public surface: ``Twins``, ``identical_groups``, ``look_alike_groups``, ``near_vectors``,
``picture_hash``, ``identity_matches``.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture, Vectors

__all__ = [
    "HASH_BITS_APART",
    "IdentityMatch",
    "Twins",
    "identical_groups",
    "identity_matches",
    "look_alike_groups",
    "near_vectors",
    "picture_hash",
]

HASH_BITS_APART = 8
"""Of 64. On 348 photos of LFW a smaller, darker, noisier or recompressed copy was 6 bits from its
original at most, and the nearest two of 60,378 pairs of different photos were 10 apart."""

_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Twins:
    """Two rows and how alike they are: bits apart, or a cosine."""

    first: int
    second: int
    value: float


@dataclass(frozen=True, slots=True)
class IdentityMatch:
    """A class of one set whose centre is that of a class of another, by name or by face."""

    first: str
    second: str
    cosine: float


def identical_groups(paths: Iterable[Path]) -> tuple[tuple[Path, ...], ...]:
    """Files of the same bytes, whatever their names, in groups of two and more.

    Only files of one size are read. Raises ``OSError`` where a file cannot be.
    """
    by_size: dict[int, list[Path]] = defaultdict(list)
    for path in paths:
        by_size[path.stat().st_size].append(path)
    groups: dict[bytes, list[Path]] = defaultdict(list)
    for same in by_size.values():
        for path in same if len(same) > 1 else ():
            groups[hashlib.sha256(path.read_bytes()).digest()].append(path)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def picture_hash(picture: Picture) -> int:
    """64 bits that survive scaling and recompression: the signs of the lowest cosine frequencies."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    bits = low > np.median(low[1:])  # the first is the mean brightness
    return int.from_bytes(np.packbits(bits).tobytes())


def look_alike_groups(
    hashes: Sequence[int], *, bits_apart: int = HASH_BITS_APART
) -> tuple[Twins, ...]:
    """Every two hashes at most so many bits apart, the nearest first."""
    rows = np.array(hashes, np.uint64)
    found: list[Twins] = []
    for first in range(len(rows)):
        apart = np.bitwise_count(rows[first + 1 :] ^ rows[first])
        found += [
            Twins(first, first + 1 + beyond, float(apart[beyond]))
            for beyond in np.flatnonzero(apart <= bits_apart).tolist()
        ]
    return tuple(sorted(found, key=lambda pair: (pair.value, pair.first, pair.second)))


def near_vectors(vectors: Vectors, *, least_cosine: float) -> tuple[Twins, ...]:
    """Every two unit rows of at least this cosine, the highest first."""
    found = []
    for begin in range(0, len(vectors), _BLOCK):
        cosines = vectors[begin : begin + _BLOCK] @ vectors.T
        for row, column in np.argwhere(cosines >= least_cosine).tolist():
            if begin + row < column:
                found.append(Twins(begin + row, column, float(cosines[row, column])))
    return tuple(sorted(found, key=lambda pair: (-pair.value, pair.first, pair.second)))


def identity_matches(
    first: Mapping[str, Vectors], second: Mapping[str, Vectors], *, least_cosine: float
) -> tuple[IdentityMatch, ...]:
    """People of two sets whose mean vectors are alike, the most alike first.

    Who is in both under two names is found by this alone.
    """
    if not first or not second:
        return ()
    cosines = _centres(first) @ _centres(second).T
    names, others = list(first), list(second)
    found = [
        IdentityMatch(names[row], others[column], float(cosines[row, column]))
        for row, column in np.argwhere(cosines >= least_cosine).tolist()
    ]
    return tuple(sorted(found, key=lambda match: (-match.cosine, match.first, match.second)))


def _centres(people: Mapping[str, Vectors]) -> NDArray[np.float32]:
    means = np.stack([rows.mean(axis=0) for rows in people.values()])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means / np.maximum(lengths, 1e-12), np.float32)
