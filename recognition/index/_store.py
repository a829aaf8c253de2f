"""The vectors of an index in one block of memory, changed in place, and what every index shares.

Public surface: ``VectorStore`` (rows by id), ``checked_vectors``. Knows nothing of searching.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Candidate, EmbeddingSpace, Vectors
from recognition.errors import IndexMismatch

__all__ = ["TIE_BAND", "VectorStore", "checked_vectors"]

TIE_BAND = 1e-5  # float32 products of equal vectors may differ by about 1e-6 between kernels
_NORM_TOLERANCE = 1e-3  # bf16 networks leave 1e-4 after normalising in float32
_GROWTH = 1.5  # room to spare after growing; each row is then moved twice on average
_FIRST_ROWS = 64


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
        self, rows: NDArray[np.int64], *, probe: NDArray[np.float32], k: int
    ) -> tuple[Candidate, ...]:
        """The best ``k`` of these rows, scored in float64; exact ties by id.

        A sum per row, not a matrix product: equal rows must score equal to the last bit.
        """
        vectors = self.matrix[rows]
        rough = np.einsum("ij,j->i", vectors, probe)
        if len(rows) > k:
            near = rough >= np.partition(rough, len(rows) - k)[len(rows) - k] - TIE_BAND
            rows, vectors = rows[near], vectors[near]
        scores = (vectors.astype(np.float64) * probe).sum(axis=1).clip(-1.0, 1.0)
        named = zip((self._ids[row] for row in rows.tolist()), scores.tolist(), strict=True)
        ordered = sorted(named, key=lambda found: (-found[1], found[0]))
        return tuple(Candidate(person_id, score) for person_id, score in ordered[:k])

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
