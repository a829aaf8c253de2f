"""Vectors kept between evaluations, so that a second run takes seconds.

A vector is used again only for the same file (path below the root, size, time of change), made by
the same recipe and engine. Public surface: ``VectorCache``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import EmbeddingSpace
from recognition.errors import IndexMismatch
from recognition.evaluation.subjects import Subject
from recognition.whole_files import draft_of

__all__ = ["VectorCache"]


class VectorCache:
    """An ``.npz`` of one embedding space: a key a row, and its vector or the reason for none.

    ``open`` reads it, ``save`` writes it; a key is whatever names a picture and its treatment.
    """

    def __init__(self, path: Path, space: EmbeddingSpace) -> None:
        self._path = path
        self._space = space
        self._subjects: dict[str, Subject] = {}
        self._has_news = False

    @classmethod
    def open(cls, path: Path, *, space: EmbeddingSpace) -> VectorCache:
        """Read the file where it is there.

        Raises ``IndexMismatch`` for vectors of another space, or a file that is something else.
        """
        cache = cls(path, space)
        if path.exists():
            cache._read()
        return cache

    def __len__(self) -> int:
        return len(self._subjects)

    def get(self, key: str) -> Subject | None:
        return self._subjects.get(key)

    def put(self, key: str, subject: Subject) -> None:
        self._subjects[key] = subject
        self._has_news = True

    def save(self) -> None:
        """Write what is new; an interruption leaves the old file. Only its owner may read it."""
        if not self._has_news:
            return
        widths = sorted({len(s.vector) for s in self._subjects.values() if s.vector is not None})
        arrays: dict[str, NDArray[np.generic]] = {"space": np.array(self._space.id)}
        for width in (0, *widths):
            own = {
                key: subject
                for key, subject in self._subjects.items()
                if (0 if subject.vector is None else len(subject.vector)) == width
            }
            arrays[f"keys_{width}"] = np.array(list(own), np.str_)
            if width:
                arrays[f"vectors_{width}"] = np.array([subject.vector for subject in own.values()])
            else:
                arrays["problems"] = np.array(
                    [subject.problem for subject in own.values()], np.str_
                )
        with draft_of(self._path) as draft, draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        self._has_news = False

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
                space = str(arrays.pop("space"))
                problems = arrays.pop("problems").tolist()
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise IndexMismatch(
                f"{self._path} holds no kept vectors: {error}. Name another file, or delete it."
            ) from error
        if space != self._space.id:
            raise IndexMismatch(
                f"{self._path} holds vectors of the space {space}; the engine makes those of "
                f"{self._space.id}. Name another file for this model."
            )
        failed = arrays["keys_0"].tolist()
        for key, problem in zip(failed, problems, strict=True):
            self._subjects[key] = Subject(None, problem)
        for name, vectors in arrays.items():
            if name.startswith("vectors_"):
                keys = arrays["keys_" + name.removeprefix("vectors_")].tolist()
                self._subjects.update(
                    {key: Subject(row) for key, row in zip(keys, vectors, strict=True)}
                )
