"""Error rates by group at one threshold, and who was seen in training already.

Public surface: ``GroupRates``, ``group_rates``, ``worst_to_best``, ``Overlap``,
``identity_overlap``, ``identical_files``.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.intervals import Share, share_of

__all__ = [
    "GroupRates",
    "Overlap",
    "group_rates",
    "identical_files",
    "identity_overlap",
    "worst_to_best",
]

BETWEEN = "between groups"


@dataclass(frozen=True, slots=True)
class GroupRates:
    """One group's share of genuine pairs refused and of impostor pairs accepted."""

    group: str
    fnmr: Share
    fmr: Share


@dataclass(frozen=True, slots=True)
class Overlap:
    """Identities of an evaluation set that a training set holds, too, as the former spells them."""

    training: int
    evaluation: int
    shared: tuple[str, ...]


def group_rates(
    scores: NDArray[Any],
    *,
    is_genuine: NDArray[np.bool_],
    groups: Sequence[str],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    threshold: float,
) -> tuple[GroupRates, ...]:
    """Rates per group in the order of ``groups``, then those of pairs between two of them.

    ``first`` and ``second`` are the positions in ``groups`` of each pair's pictures; a negative
    one is of no group, and its pair is left out. Impostors of one group are the harder case, and
    the one that matters: people are mistaken for those who look like them.
    """
    accepted = np.asarray(scores) >= threshold
    rows = {name: (first == at) & (second == at) for at, name in enumerate(groups)}
    rows[BETWEEN] = (first != second) & (first >= 0) & (second >= 0)
    return tuple(
        GroupRates(
            name,
            share_of(int((own & is_genuine & ~accepted).sum()), int((own & is_genuine).sum())),
            share_of(int((own & ~is_genuine & accepted).sum()), int((own & ~is_genuine).sum())),
        )
        for name, own in rows.items()
        if own.any()
    )


def worst_to_best(shares: Iterable[Share]) -> float | None:
    """The highest rate divided by the lowest; None where no rate or a lowest of 0 makes that void."""
    values = [share.value for share in shares if share.value is not None]
    if len(values) < 2 or min(values) == 0:
        return None
    return max(values) / min(values)


def identity_overlap(training: Iterable[str], evaluation: Iterable[str]) -> Overlap:
    """Who is in both, spelled alike up to case, accents, ``_``, ``-`` and spaces.

    Figures on people who were trained on say little about others.
    """
    known = {_plain(name) for name in training}
    asked = sorted(set(evaluation))
    return Overlap(len(known), len(asked), tuple(name for name in asked if _plain(name) in known))


def identical_files(training: Iterable[Path], evaluation: Iterable[Path]) -> tuple[Path, ...]:
    """Files of the evaluation that are, byte for byte, also in training, under whatever name."""
    by_size: dict[int, list[Path]] = {}
    for path in training:
        by_size.setdefault(path.stat().st_size, []).append(path)
    digests: dict[int, set[bytes]] = {}
    found = []
    for path in evaluation:
        size = path.stat().st_size
        if size in by_size:
            if size not in digests:
                digests[size] = {_digest(other) for other in by_size[size]}
            if _digest(path) in digests[size]:
                found.append(path)
    return tuple(found)


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())
