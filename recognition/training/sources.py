"""Labelled pictures to train on: any ``Source``, here folders with a folder per person.

Sharded archives (``recognition.datasets.shards``) fulfil the same Protocol. Public surface: the
names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.datasets.folders import list_classes
from recognition.datasets.splits import SplitMode, split_rows
from recognition.images import decode_image
from recognition.training.errors import TrainingError

__all__ = [
    "FolderSource",
    "PartSource",
    "Source",
    "labels_of",
    "open_folder",
    "require_people",
    "split_source",
    "with_enough_images",
]

Labels = NDArray[np.int64]


class Source(Protocol):
    """Pictures by number. ``names`` are the classes', the label their position."""

    @property
    def names(self) -> Sequence[str]: ...
    def __len__(self) -> int: ...
    def read(self, index: int) -> Picture:
        """``(H, W, 3) uint8``. Raises ``RecognitionError`` or ``OSError`` for a damaged one."""
        ...

    def label(self, index: int) -> int: ...
    def key(self, index: int) -> str:
        """What a person would call the picture: its file."""
        ...


@dataclass(frozen=True, slots=True)
class FolderSource:
    """``root/<class>/<picture>``; folders without a picture are no class, ``empty`` names them."""

    root: Path
    names: tuple[str, ...]
    files: tuple[Path, ...]
    labels: tuple[int, ...]
    empty: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> Picture:
        return decode_image(self.files[index].read_bytes()).picture

    def label(self, index: int) -> int:
        return self.labels[index]

    def key(self, index: int) -> str:
        return self.files[index].relative_to(self.root).as_posix()


@dataclass(frozen=True, slots=True)
class PartSource:
    """Some pictures of another source; ``names`` and labels are those of the part."""

    whole: Source
    rows: tuple[int, ...]
    names: tuple[str, ...]
    labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, index: int) -> Picture:
        return self.whole.read(self.rows[index])

    def label(self, index: int) -> int:
        return self.labels[index]

    def key(self, index: int) -> str:
        return self.whole.key(self.rows[index])


def open_folder(root: Path) -> FolderSource:
    """Raises ``DatasetRejected`` for no folder of folders, ``TrainingError`` for no picture in it."""
    classes = list_classes(root)
    kept = [found for found in classes if found.files]
    if not kept:
        raise TrainingError(
            f"{root} has {len(classes)} folders and not one picture in them; expected a folder per "
            "person with their pictures.",
            code="training.data",
        )
    return FolderSource(
        root=root,
        names=tuple(found.name for found in kept),
        files=tuple(path for found in kept for path in found.files),
        labels=tuple(label for label, found in enumerate(kept) for _ in found.files),
        empty=tuple(found.name for found in classes if not found.files),
    )


def labels_of(source: Source) -> Labels:
    """All labels, ``(N,)``."""
    return np.array([source.label(index) for index in range(len(source))], dtype=np.int64)


def with_enough_images(source: Source, *, least: int) -> Source:
    """Without the classes that have fewer than ``least`` pictures.

    Raises ``TrainingError`` (``training.data``) where none is left.
    """
    labels = labels_of(source)
    counts = np.bincount(labels, minlength=len(source.names))
    if counts.min() >= least:
        return source
    kept = np.flatnonzero(counts >= least)
    if not len(kept):
        raise TrainingError(
            f"No class has {least} pictures, the largest has {counts.max()}. Lower "
            "--min-images-per-class or add pictures.",
            code="training.data",
        )
    return _part(source, np.flatnonzero(np.isin(labels, kept)), kept)


def require_people(source: Source, *, people: int, what: str) -> None:
    """Raises ``TrainingError`` (``training.batch``) for fewer classes than ``what`` asks."""
    if len(source.names) < people:
        raise TrainingError(
            f"{what} asks for {people} people, the data has {len(source.names)}. Ask for fewer, or "
            "add people.",
            code="training.batch",
        )


def split_source(
    source: Source, *, share: float, mode: SplitMode, seed: int, least_held_back: int = 1
) -> tuple[Source, Source]:
    """A part to train on and a part to judge by, as ``split_rows`` divides them.

    ``images`` holds back pictures of everybody, ``classes`` people, so that nobody is in both
    parts. Raises ``TrainingError``: ``training.options`` for a share that is none,
    ``training.data`` where nothing could be held back.
    """
    if not 0.0 < share < 1.0:
        raise TrainingError(
            f"The share to hold back is {share:g}; it must lie between 0 and 1.",
            code="training.options",
        )
    labels = labels_of(source)
    trained, judged = split_rows(
        labels, ratio=share, mode=mode, seed=seed, least_held_out=least_held_back
    )
    if not len(judged):  # something always trains
        raise TrainingError(
            f"Holding back {share:.0%} of the {mode} leaves nothing to judge by. Choose another "
            "share, or add pictures.",
            code="training.data",
        )
    in_train = in_judged = np.arange(len(source.names))
    if mode == "classes":
        in_train, in_judged = np.unique(labels[trained]), np.unique(labels[judged])
    return _part(source, trained, in_train), _part(source, judged, in_judged)


def _part(source: Source, rows: NDArray[np.intp], kept: NDArray[np.intp]) -> PartSource:
    """``kept`` are the classes of the part, by their labels in ``source``."""
    new_label = {int(old): new for new, old in enumerate(kept)}
    return PartSource(
        whole=source,
        rows=tuple(rows.tolist()),
        names=tuple(source.names[old] for old in new_label),
        labels=tuple(new_label[source.label(row)] for row in rows.tolist()),
    )
