"""LFW's ``pairs.txt``: reading, writing, checking and finding its pictures.

Public surface: the names in ``__all__``. ``pair_generation`` draws new lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recognition.datasets._text import read_lines
from recognition.datasets.errors import DatasetRejected
from recognition.datasets.folders import find_lfw_picture

__all__ = [
    "LocatedPairs",
    "Pair",
    "PairList",
    "PairsCheck",
    "check_pairs",
    "locate_pairs",
    "read_pairs",
    "write_pairs",
]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures by their people's names and their numbers from 1, and the fold from 0."""

    first_name: str
    first_number: int
    second_name: str
    second_number: int
    fold: int

    @property
    def is_same(self) -> bool:
        return self.first_name == self.second_name

    @property
    def key(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Equal for two pairs of the same pictures, whichever stands first."""
        first = (self.first_name, self.first_number)
        second = (self.second_name, self.second_number)
        return (first, second) if first <= second else (second, first)


@dataclass(frozen=True, slots=True)
class PairList:
    """The pairs in the order of the file, which is the order of the folds."""

    pairs: tuple[Pair, ...]
    folds: int


@dataclass(frozen=True, slots=True)
class LocatedPairs:
    """The pairs whose two pictures are there, with their files, and how many others there were."""

    pairs: tuple[Pair, ...]
    first: tuple[Path, ...]
    second: tuple[Path, ...]
    folds: int
    skipped: int


@dataclass(frozen=True, slots=True)
class PairsCheck:
    """What is in a list. ``people_in_two_folds`` should be 0: else training sees test people."""

    pairs: int
    folds: int
    genuine_per_fold: tuple[int, ...]
    impostor_per_fold: tuple[int, ...]
    self_pairs: int
    duplicates: int
    people: int
    people_in_two_folds: int
    missing_pictures: tuple[str, ...]

    @property
    def is_balanced(self) -> bool:
        return len({*self.genuine_per_fold, *self.impostor_per_fold}) == 1

    @property
    def is_usable(self) -> bool:
        """No pair that proves nothing, none counted twice, and every picture is there."""
        return not (self.self_pairs or self.duplicates or self.missing_pictures)


def read_pairs(path: Path) -> PairList:
    """Read ``pairs.txt``: ``folds count`` first, or ``count`` alone for one fold.

    Each fold has ``count`` lines ``name i j`` and then ``count`` lines ``name i other j``. The
    fields are separated by tabs, or by spaces where a line has no tab. Raises ``DatasetRejected``
    naming the line that does not fit.
    """
    lines = read_lines(path)
    if not lines:
        raise DatasetRejected(f"{path} is empty; expected a first line like 10<tab>300.")
    header = lines[0][1].split()
    if len(header) not in {1, 2} or not all(field.isdigit() and int(field) for field in header):
        raise DatasetRejected(
            f"{path} begins with {lines[0][1]!r}; expected the number of folds and of pairs of "
            "each kind in a fold, like 10<tab>300."
        )
    folds, per_kind = (1, int(header[0])) if len(header) == 1 else (int(header[0]), int(header[1]))
    expected = folds * per_kind * 2
    if len(lines) - 1 != expected:
        raise DatasetRejected(
            f"{path} has {len(lines) - 1:,} pairs; its first line promises {expected:,}."
        )
    return PairList(
        tuple(
            _pair(line, fold=row // (2 * per_kind), where=f"{path}, line {number}")
            for row, (number, line) in enumerate(lines[1:])
        ),
        folds,
    )


def write_pairs(path: Path, pairs: PairList) -> None:
    """Write ``pairs.txt``. Raises ``ValueError`` where the folds are not balanced."""
    counts = Counter((pair.fold, pair.is_same) for pair in pairs.pairs)
    sizes = {counts[fold, kind] for fold in range(pairs.folds) for kind in (True, False)}
    if len(sizes) != 1:
        raise ValueError(
            f"the folds have {sorted(sizes)} pairs of a kind; the format needs the same number "
            "of genuine and impostor pairs in every fold"
        )
    lines = [f"{pairs.folds}\t{sizes.pop()}"]
    ordered = sorted(pairs.pairs, key=lambda pair: (pair.fold, not pair.is_same))
    lines += [
        "\t".join(
            [pair.first_name, str(pair.first_number)]
            + ([] if pair.is_same else [pair.second_name])
            + [str(pair.second_number)]
        )
        for pair in ordered
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def locate_pairs(pairs: PairList, *, root: Path) -> LocatedPairs:
    """Find the files of each pair; pairs with a missing file are left out and counted.

    Raises ``DatasetRejected`` where not one pair is there, which means the wrong folder.
    """
    files = {
        (name, number): find_lfw_picture(root, name=name, number=number)
        for pair in pairs.pairs
        for name, number in pair.key
    }
    kept: list[Pair] = []
    first: list[Path] = []
    second: list[Path] = []
    for pair in pairs.pairs:
        one = files[pair.first_name, pair.first_number]
        other = files[pair.second_name, pair.second_number]
        if one is not None and other is not None:
            kept.append(pair)
            first.append(one)
            second.append(other)
    if not kept:
        raise DatasetRejected(
            f"None of the {len(pairs.pairs):,} pairs has its pictures in {root}; expected "
            "<name>/<name>_0001.jpg and so on. Is it the folder above the people's folders?"
        )
    return LocatedPairs(
        tuple(kept), tuple(first), tuple(second), pairs.folds, len(pairs.pairs) - len(kept)
    )


def check_pairs(pairs: PairList, *, root: Path | None = None) -> PairsCheck:
    """Count what makes a list worthless: self pairs, duplicates, missing pictures, shared people."""
    kinds = Counter((pair.fold, pair.is_same) for pair in pairs.pairs)
    times = Counter(pair.key for pair in pairs.pairs)
    folds_of: dict[str, set[int]] = {}
    for pair in pairs.pairs:
        for name in (pair.first_name, pair.second_name):
            folds_of.setdefault(name, set()).add(pair.fold)
    return PairsCheck(
        pairs=len(pairs.pairs),
        folds=pairs.folds,
        genuine_per_fold=tuple(kinds[fold, True] for fold in range(pairs.folds)),
        impostor_per_fold=tuple(kinds[fold, False] for fold in range(pairs.folds)),
        self_pairs=sum(one == other for one, other in (pair.key for pair in pairs.pairs)),
        duplicates=sum(count - 1 for count in times.values()),
        people=len(folds_of),
        people_in_two_folds=sum(len(own) > 1 for own in folds_of.values()),
        missing_pictures=() if root is None else _missing(pairs.pairs, root),
    )


def _missing(pairs: Sequence[Pair], root: Path) -> tuple[str, ...]:
    wanted = sorted({picture for pair in pairs for picture in pair.key})
    return tuple(
        f"{name}/{name}_{number:04d}"
        for name, number in wanted
        if find_lfw_picture(root, name=name, number=number) is None
    )


def _pair(line: str, *, fold: int, where: str) -> Pair:
    fields = line.split("\t") if "\t" in line else line.split()
    fields = [field.strip() for field in fields if field.strip()]
    if len(fields) == 3:
        fields = [fields[0], fields[1], fields[0], fields[2]]
    if len(fields) != 4 or not (fields[1].isdecimal() and fields[3].isdecimal()):
        raise DatasetRejected(
            f"{where} is {line!r}; expected name<tab>i<tab>j or name<tab>i<tab>other<tab>j."
        )
    # A name becomes a folder's name below the root, and must not lead out of it.
    if any(name in {".", ".."} or "/" in name or "\\" in name for name in (fields[0], fields[2])):
        raise DatasetRejected(f"{where} names {fields[0]!r} and {fields[2]!r}: not folder names.")
    return Pair(fields[0], int(fields[1]), fields[2], int(fields[3]), fold)
