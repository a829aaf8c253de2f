"""FaceNet's split of a folder of people into training and test. Public surface: ``split_by_class``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["ClassSplit", "split_by_class"]


@dataclass(frozen=True, slots=True)
class ClassSplit:
    """Rows to train on, rows to test with, and rows of people with too few, who are strangers."""

    train: tuple[int, ...]
    test: tuple[int, ...]
    left_out: tuple[int, ...]


def split_by_class(
    names: Sequence[str], *, min_images: int = 20, train_images: int = 10, seed: int = 666
) -> ClassSplit:
    """Of everyone with ``min_images`` or more, ``train_images`` drawn at random train, the rest test.

    Defaults and rule are those of FaceNet's ``classifier.py``; everyone's draw depends on the seed
    and on their own name and number of pictures alone, so adding a person changes nobody else's.
    Raises ``ValueError`` unless 0 < ``train_images`` < ``min_images``.
    """
    if not 0 < train_images < min_images:
        raise ValueError(
            f"train_images is {train_images} and min_images {min_images}; train_images must be 1 "
            "or more and smaller, so that everybody keeps a picture to test with."
        )
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows_of.setdefault(name, []).append(row)
    train: list[int] = []
    test: list[int] = []
    left_out: list[int] = []
    for name, rows in sorted(rows_of.items()):
        if len(rows) < min_images:
            left_out += rows
            continue
        drawn = np.random.default_rng([seed, *name.encode()]).permutation(rows).tolist()
        train += sorted(drawn[:train_images])
        test += sorted(drawn[train_images:])
    return ClassSplit(tuple(train), tuple(test), tuple(left_out))
