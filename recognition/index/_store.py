"""The vectors of an index in one block of memory, changed in place, and what every index shares.

Public surface: ``VectorStore`` (rows by id), ``checked_vectors``. Knows nothing of searching.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Candidate, EmbeddingSpace, Vectors
from recognition.errors import IndexMismatch

__all__ = ["TIE_BAND", "VectorStore", "checked_vectors"]

TIE_BAND = 1e-5  # float32 products of equal vectors may differ by about 1e-6 between kernels
_NORM_TOLERANCE = 1e-3  # bf16 networks leave 1e-4 after normalising in float32
_GROWTH = 1.5  # room to spare after growing; each row is then moved twice on average
_FIRST_ROWS = 64
_FEW = 32  # rows that are scored in float64 faster than sorted out in float32 before
_SCORED_TOGETHER = 1 << 15  # rows: 32 MB in float64 at 128 numbers a row


class VectorStore:
    """``(N, D) float32`` unit rows without gaps: a removed row's place is taken by the last.

    Adding, replacing and removing cost what the changed rows cost, however many others there
    are. Rows move when others are removed; ids do not.
    """

    def __init__(self, space: EmbeddingSpace) -> None:
        self.space = space
        self._rows: Vectors = np.empty((_FIRST_ROWS, space.dimension), np.float32)
        self._ids: list[str] = []
        self._row_of: dict[str, int] = {}

    @property
    def matrix(self) -> Vectors:
        """A view of all rows; valid until the next change."""
        return self._rows[: len(self._ids)]

    @property
    def ids(self) -> Sequence[str]:
        """The id of each row of ``matrix``."""
        return self._ids

    @property
    def capacity(self) -> int:
        """How many rows fit before memory is taken again."""
        return len(self._rows)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, person_id: object) -> bool:
        return person_id in self._row_of

    def row(self, person_id: str) -> int:
        """Raises ``KeyError`` for an unknown id."""
        return self._row_of[person_id]

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> NDArray[np.int64]:
        """Add or replace; of one id twice, the last counts. Returns the rows that were written.

        Raises ``IndexMismatch``, and changes nothing, as ``VectorIndex.upsert`` says.
        """
        checked = checked_vectors(vectors, space=self.space)
        if len(ids) != len(checked):
            raise IndexMismatch(
                f"{len(ids)} ids came with {len(checked)} vectors. Send one vector for each id."
            )
        last = {person_id: at for at, person_id in enumerate(ids)}
        new = [person_id for person_id in last if person_id not in self._row_of]
        self._make_room(len(self._ids) + len(new))
        self._row_of.update(zip(new, range(len(self._ids), len(self._ids) + len(new)), strict=True))
        self._ids.extend(new)
        rows = np.fromiter((self._row_of[person_id] for person_id in last), np.int64, len(last))
        self._rows[rows] = checked if len(last) == len(checked) else checked[list(last.values())]
        return rows

    def remove(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Forget these ids; unknown ones are ignored. Returns the rows that hold another id now."""
        moved: set[int] = set()
        for person_id in ids:
            row = self._row_of.pop(person_id, None)
            if row is None:
                continue
            last = self._ids.pop()
            if row < len(self._ids):
                self._rows[row] = self._rows[len(self._ids)]
                self._ids[row] = last
                self._row_of[last] = row
                moved.add(row)
        return np.array([row for row in sorted(moved) if row < len(self._ids)], np.int64)

    def best(
        self, rows: Sequence[NDArray[np.int64]], *, probes: Vectors, k: int
    ) -> list[tuple[Candidate, ...]]:
        """Of each probe's rows the best ``k``, scored in float64; exact ties by id."""
        step = max(1, _SCORED_TOGETHER // max(map(len, rows), default=1))
        return [
            found
            for start in range(0, len(rows), step)
            for found in self._best(rows[start : start + step], probes[start : start + step], k)
        ]

    def _best(
        self, rows: Sequence[NDArray[np.int64]], probes: Vectors, k: int
    ) -> Iterator[tuple[Candidate, ...]]:
        # As much as possible for all probes at once: for 64 of them 0.75 ms instead of 1.2.
        if max(map(len, rows)) > _FEW:
            whose, chosen = self._near(rows, probes, k)
        else:
            whose = np.repeat(np.arange(len(rows)), [len(some) for some in rows])
            chosen = np.concatenate(rows)
        # a sum per row, not a matrix product: equal rows must score equal to the last bit
        exact = (self.matrix[chosen].astype(np.float64) * probes[whose]).sum(axis=1)
        named: list[list[tuple[float, str]]] = [[] for _ in rows]
        scored = zip(whose.tolist(), chosen.tolist(), exact.clip(-1.0, 1.0).tolist(), strict=True)
        for which, row, score in scored:
            named[which].append((-score, self._ids[row]))
        for found in named:
            yield tuple(Candidate(person_id, -score) for score, person_id in sorted(found)[:k])

    def _near(
        self, rows: Sequence[NDArray[np.int64]], probes: Vectors, k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of probes, and those of their rows that float32 leaves among the best ``k``."""
        width = max(map(len, rows))
        known = np.zeros((len(rows), width), np.int64)
        rough = np.full((len(rows), width), -np.inf, np.float32)
        for some, probe, at, scores in zip(rows, probes, known, rough, strict=True):
            at[: len(some)] = some
            np.matmul(self.matrix.take(some, axis=0), probe, out=scores[: len(some)])
        last = max(width - k, 0)
        least = np.partition(rough, last, axis=1)[:, last : last + 1] - TIE_BAND
        whose, near = ((rough >= least) & (rough > -np.inf)).nonzero()
        return whose, known[whose, near]

    def _make_room(self, rows: int) -> None:
        if rows <= len(self._rows):
            return
        larger = np.empty((max(rows, int(len(self._rows) * _GROWTH)), self.space.dimension), "f4")
        larger[: len(self._ids)] = self.matrix
        self._rows = larger


def checked_vectors(vectors: Vectors, *, space: EmbeddingSpace) -> Vectors:
    """``vectors`` in one piece of memory, where they are ``(N, D) float32`` unit rows of the space.

    Raises ``IndexMismatch`` for another type, shape or length, and for NaN and infinity.
    """
    expected = f"({space.dimension},) float32 of unit length"
    if getattr(vectors, "dtype", None) != np.float32:
        kind = getattr(vectors, "dtype", type(vectors).__name__)
        raise IndexMismatch(f"Vectors of type {kind} came; rows of {expected} are expected.")
    if vectors.ndim != 2 or vectors.shape[1] != space.dimension:
        raise IndexMismatch(
            f"Vectors of shape {vectors.shape} came; rows of {expected} are expected. "
            f"The index belongs to the embedding space {space.id}."
        )
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    # NaN and infinity survive the sum, so that one pass over the vectors finds everything
    if not np.isfinite(norms).all():
        raise IndexMismatch(f"A vector holds NaN or infinity; rows of {expected} are expected.")
    if len(norms) and float(np.abs(norms - 1.0).max()) > _NORM_TOLERANCE:
        worst = float(norms[np.abs(norms - 1.0).argmax()])
        raise IndexMismatch(
            f"A vector has length {worst:.4f}; rows of {expected} are expected. Normalise it."
        )
    return np.ascontiguousarray(vectors)
