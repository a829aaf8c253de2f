"""Holding pictures or people back, and writing the parts as folders.

Public surface: ``SplitMode``, ``split_rows``, ``Parts``, ``split_folder``, ``write_part``.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognition.datasets._folders import require_empty
from recognition.datasets.errors import DatasetRejected
from recognition.datasets.folders import ClassFolder, list_classes

__all__ = ["Parts", "SplitMode", "split_folder", "split_rows", "write_part"]

SplitMode = Literal["images", "classes"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Two parts of a folder tree. ``too_few`` are classes of which nothing could be held back, or
    that had no picture at all."""

    train: tuple[ClassFolder, ...]
    held_out: tuple[ClassFolder, ...]
    too_few: tuple[str, ...]


def split_rows(
    labels: Sequence[int] | NDArray[np.int64],
    *,
    ratio: float,
    mode: SplitMode,
    seed: int,
    least_held_out: int = 1,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to train on and rows held out, each rising.

    ``images``: of a class with n pictures ``floor(n (1 - ratio))`` train, at least one and at most
    n - 1; a class that would have fewer than ``least_held_out`` held out (one of a single picture,
    say) trains with all. ``classes``: the same rule over the classes, each whole in one part
    (facenet's own split loses the last class, and lets a class be tested that was never trained).
    Raises ``ValueError`` for a ratio outside (0, 1) and for no labels.
    """
    if not 0.0 < ratio < 1.0:
        raise ValueError(f"ratio is {ratio}; a share between 0 and 1 is needed")
    column = np.asarray(labels, np.int64)
    if not len(column):
        raise ValueError("there are no labels to split")
    random = np.random.default_rng([seed, 17])
    if mode == "classes":
        classes = np.unique(column)
        kept = random.permutation(classes)[: _trained(len(classes), ratio)]
        is_train = np.isin(column, kept)
    else:
        is_train = np.ones(len(column), np.bool_)
        for label in np.unique(column).tolist():
            own = random.permutation(np.flatnonzero(column == label))
            held = own[_trained(len(own), ratio) :]
            if len(held) >= least_held_out:
                is_train[held] = False
    return np.flatnonzero(is_train), np.flatnonzero(~is_train)


def split_folder(
    root: Path, *, ratio: float, mode: SplitMode, seed: int, least_held_out: int = 1
) -> Parts:
    """``split_rows`` over ``root/<class>/<picture>``.

    Raises ``DatasetRejected`` where nothing could be held out, ``ValueError`` like ``split_rows``.
    """
    found = list_classes(root)
    classes = [folder for folder in found if folder.files]
    too_few = [folder.name for folder in found if not folder.files]
    files = [path for folder in classes for path in folder.files]
    if not files:
        raise DatasetRejected(f"{root} holds no pictures; expected a folder per person with some.")
    labels = [label for label, folder in enumerate(classes) for _ in folder.files]
    rows = split_rows(labels, ratio=ratio, mode=mode, seed=seed, least_held_out=least_held_out)[1]
    held = {files[row] for row in rows}
    train: list[ClassFolder] = []
    held_out: list[ClassFolder] = []
    for folder in classes:
        own = tuple(path for path in folder.files if path in held)
        if mode == "images" and not own:
            too_few.append(folder.name)
        rest = tuple(path for path in folder.files if path not in held)
        train += [ClassFolder(folder.name, rest)] if rest else []
        held_out += [ClassFolder(folder.name, own)] if own else []
    if not held_out:  # something always trains
        raise DatasetRejected(
            f"Holding {ratio:.0%} of the {mode} of {root} out leaves nothing to judge by: it has "
            f"{len(files):,} pictures of {len(classes):,} people. Choose another ratio, or add "
            "pictures."
        )
    return Parts(tuple(train), tuple(held_out), tuple(too_few))


def write_part(part: Sequence[ClassFolder], out: Path, *, link: Literal["hard", "copy"]) -> int:
    """Write the classes below ``out``; returns the number of pictures.

    ``hard`` makes second names of the same files, or copies where the disk is another one. Raises
    ``DatasetRejected`` for an ``out`` with something in it, ``OSError`` where it cannot be written.
    """
    require_empty(out)
    count = 0
    for folder in part:
        own = out / folder.name
        own.mkdir(parents=True)
        for path in folder.files:
            _place(path, own / path.name, link=link)
            count += 1
    return count


def _trained(count: int, ratio: float) -> int:
    """How many of so many train: at most all but one, at least one."""
    # 100 * (1 - 0.29) is 70.999…: what is a whole number but for its last digits is that number.
    whole = math.floor(round(count * (1.0 - ratio), 9))
    return max(min(whole, count - 1), 1)


def _place(source: Path, target: Path, *, link: Literal["hard", "copy"]) -> None:
    if link == "hard":
        try:
            os.link(source.resolve(), target)  # a link to a link would point nowhere from here
        except OSError:  # another disk, or one without links
            shutil.copy2(source, target)
        return
    shutil.copy2(source, target)
