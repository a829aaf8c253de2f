"""Video clips as folders of frames, ``root/<person>/<clip>/<frame>``, the layout of YouTube Faces.

Public surface: ``Clip``, ``ClipPair``, ``list_clips``, ``read_clip_pairs``, ``all_clip_pairs``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from recognition.datasets._text import read_lines
from recognition.datasets.errors import DatasetRejected
from recognition.datasets.folders import list_classes

__all__ = ["Clip", "ClipPair", "all_clip_pairs", "list_clips", "read_clip_pairs"]


@dataclass(frozen=True, slots=True)
class Clip:
    """``name`` is ``<person>/<clip>``; ``frames`` are sorted by name."""

    name: str
    person: str
    frames: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class ClipPair:
    """Two clips by name; ``fold`` counts from 0."""

    first: str
    second: str
    is_same: bool
    fold: int


def list_clips(root: Path) -> dict[str, Clip]:
    """All clips below ``root`` by name. Raises ``DatasetRejected`` where there is none."""
    clips = {
        f"{person.name}/{clip.name}": Clip(f"{person.name}/{clip.name}", person.name, clip.files)
        for person in list_classes(root)
        if any(path.is_dir() for path in (root / person.name).iterdir())
        for clip in list_classes(root / person.name)
    }
    if not clips:
        raise DatasetRejected(f"{root} holds no clips; expected <person>/<clip>/<frame>.jpg.")
    return clips


def read_clip_pairs(path: Path, *, clips: Mapping[str, Clip]) -> tuple[tuple[ClipPair, ...], int]:
    """Read YouTube Faces' ``splits.txt``: ``fold, first clip, second clip, 1 or 0``.

    A first line that begins with no number is a header; further columns are ignored. Answers the
    pairs whose two clips are there, and how many others were skipped. Raises ``DatasetRejected``
    for another format and where no pair is left.
    """
    lines = read_lines(path)
    found: list[ClipPair] = []
    skipped = 0
    for (number, _), cells in zip(lines, csv.reader(line for _, line in lines), strict=True):
        fields = [cell.strip() for cell in cells]
        if number == lines[0][0] and not fields[0].isdecimal():
            continue
        if len(fields) < 4 or not fields[0].isdecimal() or fields[3] not in {"0", "1"}:
            raise DatasetRejected(
                f"{path}, line {number} is {cells!r}; expected fold,first,second,1 or 0."
            )
        if fields[1] in clips and fields[2] in clips:
            found.append(ClipPair(fields[1], fields[2], fields[3] == "1", int(fields[0]) - 1))
        else:
            skipped += 1
    if not found:
        raise DatasetRejected(f"{path}: none of its {skipped:,} pairs of clips is in the folder.")
    return tuple(found), skipped


def all_clip_pairs(clips: Sequence[Clip]) -> tuple[ClipPair, ...]:
    """Every two clips, the same person's genuine, all in one fold."""
    return tuple(
        ClipPair(one.name, other.name, one.person == other.person, 0)
        for one, other in combinations(clips, 2)
    )
