"""Drawing a new ``pairs.txt`` from a folder tree. Public surface: ``generate_pairs``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from recognition.datasets.errors import DatasetRejected
from recognition.datasets.folders import ClassFolder
from recognition.datasets.pairs import Pair, PairList

__all__ = ["generate_pairs", "numbered_pictures"]

People = Literal["disjoint", "shared"]
Key = tuple[tuple[str, int], tuple[str, int]]
Numbers = dict[str, tuple[int, ...]]


def numbered_pictures(classes: Sequence[ClassFolder]) -> Numbers:
    """Each class's picture numbers, from files named ``<class>_<digits>``; others are left out.

    ``pairs.txt`` has no other way to name a picture.
    """
    return {
        folder.name: tuple(
            sorted({n for path in folder.files if (n := _number(folder, path.name))})
        )
        for folder in classes
    }


def generate_pairs(
    pictures: Mapping[str, Sequence[int]],
    *,
    folds: int = 10,
    per_fold: int = 300,
    seed: int = 666,
    people: People = "disjoint",
) -> PairList:
    """Draw ``folds`` times ``per_fold`` genuine and as many impostor pairs; the same for a seed.

    No picture is paired with itself and no pair is drawn twice. Genuine pairs go round all people
    of a fold, one pair each a round, so that nobody's thousand pictures make up the list.
    ``people="disjoint"``, LFW's rule, gives every person to one fold, so that a threshold is never
    chosen on the people that it is tested on; ``"shared"`` is for sets too small for that. Raises
    ``DatasetRejected`` where the pictures do not suffice, and ``ValueError`` for counts below 1.
    """
    if folds < 1 or per_fold < 1:
        raise ValueError(f"folds={folds} and per_fold={per_fold}; both must be 1 or more")
    random = np.random.default_rng(seed)
    names = sorted(name for name, numbers in pictures.items() if numbers)
    random.shuffle(names)
    used: set[Key] = set()
    drawn: list[Pair] = []
    for fold, own in enumerate(_deal(names, pictures, folds, per_fold, people)):
        hand = _Hand({name: pictures[name] for name in own}, fold, random, used)
        for kind, pairs in (
            ("genuine", hand.genuine(per_fold)),
            ("impostor", hand.impostors(per_fold)),
        ):
            if len(pairs) < per_fold:
                raise DatasetRejected(
                    f"Fold {fold + 1} of {folds} has only {len(pairs)} of {per_fold} {kind} pairs: "
                    f"{len(own)} of {len(names)} people. Ask for fewer pairs or folds"
                    + (", or let folds share people." if people == "disjoint" else ".")
                )
            used.update(pair.key for pair in pairs)
            drawn += pairs
    return PairList(tuple(drawn), folds)


@dataclass(frozen=True, slots=True)
class _Hand:
    """One fold's people with their pictures' numbers, and the pairs that are taken already."""

    pictures: Mapping[str, Sequence[int]]
    fold: int
    random: np.random.Generator
    used: set[Key]

    def genuine(self, count: int) -> list[Pair]:
        choices: list[list[Pair]] = []
        for name, numbers in self.pictures.items():
            own = [self._pair(name, one, name, other) for one, other in combinations(numbers, 2)]
            choices.append(self._shuffled([pair for pair in own if pair.key not in self.used]))
        found: list[Pair] = []
        turn = 0
        while len(found) < count and any(turn < len(own) for own in choices):
            found += [own[turn] for own in choices if turn < len(own)]
            turn += 1
        return found[:count]

    def impostors(self, count: int) -> list[Pair]:
        names = list(self.pictures)
        sizes = np.array([len(numbers) for numbers in self.pictures.values()], dtype=np.int64)
        possible = int(sizes.sum() ** 2 - (sizes**2).sum()) // 2
        # Where the wish is a good part of all there is, drawing until something new comes takes
        # for ever; below a quarter, fewer than one draw in three is in vain.
        if possible < 4 * (count + len(self.used)):
            every = [
                pair
                for one, other in combinations(names, 2)
                for i in self.pictures[one]
                for j in self.pictures[other]
                if (pair := self._pair(one, i, other, j)).key not in self.used
            ]
            return self._shuffled(every)[:count]
        found: dict[Key, Pair] = {}
        while len(found) < count:
            one, other = (names[i] for i in self.random.choice(len(names), 2, replace=False))
            i, j = (int(self.random.choice(self.pictures[name])) for name in (one, other))
            pair = self._pair(one, i, other, j)
            if pair.key not in self.used:
                found.setdefault(pair.key, pair)
        return list(found.values())

    def _pair(self, one: str, i: int, other: str, j: int, /) -> Pair:
        return Pair(one, i, other, j, self.fold)

    def _shuffled(self, pairs: list[Pair]) -> list[Pair]:
        return [pairs[position] for position in self.random.permutation(len(pairs))]


def _number(folder: ClassFolder, file: str) -> int | None:
    found = re.fullmatch(re.escape(folder.name) + r"_(\d{4}|[1-9]\d{4,})\.(?:jpg|png)", file)
    return int(found[1]) if found else None


def _deal(
    names: Sequence[str],
    pictures: Mapping[str, Sequence[int]],
    folds: int,
    per_fold: int,
    people: People,
) -> list[list[str]]:
    """People to folds: those with most genuine pairs first, each to the fold that has fewest."""
    if people == "shared":
        return [list(names)] * folds
    hands: list[list[str]] = [[] for _ in range(folds)]
    held = [(0, 0)] * folds  # genuine pairs, then pictures
    worth = {
        name: min(len(pictures[name]) * (len(pictures[name]) - 1) // 2, per_fold) for name in names
    }
    for name in sorted(names, key=lambda name: -worth[name]):
        fold = min(range(folds), key=lambda f: held[f] if worth[name] else (held[f][1],))
        hands[fold].append(name)
        held[fold] = (held[fold][0] + worth[name], held[fold][1] + len(pictures[name]))
    return hands
