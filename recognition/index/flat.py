"""Exact search: every probe meets every vector. The truth that other indexes are measured by.

A disposable copy of what the database holds. Public surface: ``FlatIndex``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Candidate, EmbeddingSpace, Vectors
from recognition.errors import IndexMismatch

__all__ = ["FlatIndex"]

_NORM_TOLERANCE = 1e-3  # bf16 networks leave 1e-4 after normalising in float32
_TIE_BAND = 1e-5  # float32 products of equal vectors may differ by about 1e-6 between kernels
_TIE_RESERVE = 8  # asked for beyond k, so that nearly every search is one pass


class FlatIndex:
    """``contracts.VectorIndex`` over FAISS's flat inner product, changed in place.

    Scores are computed again in float64 from the stored float32 vectors, so equal vectors get
    equal scores whatever the batch, and ties are broken by id. Not thread-safe. FAISS counts its
    threads per process: the constructor sets them to ``threads``. One is fastest up to some tens
    of thousands of vectors, where a search is shorter than waking the others.
    """

    def __init__(self, space: EmbeddingSpace, *, threads: int = 1) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)
        self._faiss: Any = faiss
        self._space = space
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(space.dimension))
        self._key_of: dict[str, int] = {}
        self._id_of: dict[int, str] = {}
        self._next_key = 0

    @property
    def space(self) -> EmbeddingSpace:
        return self._space

    def __len__(self) -> int:
        return len(self._key_of)

    def __contains__(self, person_id: str) -> bool:
        return person_id in self._key_of

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Add ``(N, D) float32`` unit rows, replacing known ids; of one id twice, the last counts.

        Raises ``IndexMismatch``, and changes nothing, where the shape, type, number or length of
        the vectors is not what the index's embedding space asks for.
        """
        checked = self._checked(vectors)
        if len(ids) != len(checked):
            raise IndexMismatch(
                f"{len(ids)} ids came with {len(checked)} vectors. Send one vector for each id."
            )
        last = {person_id: row for row, person_id in enumerate(ids)}
        if not last:
            return
        self.remove(list(last))
        keys = range(self._next_key, self._next_key + len(last))
        self._next_key += len(last)
        self._index.add_with_ids(
            np.ascontiguousarray(checked[list(last.values())]), np.array(keys, np.int64)
        )
        self._key_of.update(zip(last, keys, strict=True))
        self._id_of.update(zip(keys, last, strict=True))

    def remove(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        keys = [self._key_of.pop(person_id) for person_id in set(ids) if person_id in self._key_of]
        if not keys:
            return
        self._index.remove_ids(np.array(keys, np.int64))
        for key in keys:
            del self._id_of[key]

    def search(self, probes: Vectors, *, k: int) -> list[tuple[Candidate, ...]]:
        """Per ``(D,) float32`` unit row up to ``k`` candidates, best first, exact ties by id.

        Fewer than ``k`` where the index holds fewer, none where it is empty. Raises
        ``IndexMismatch`` for wrong vectors and ``ValueError`` for ``k`` below 1.
        """
        if k < 1:
            raise ValueError(f"k is {k}; ask for at least 1 candidate.")
        checked = self._checked(probes)
        if not len(self) or not len(checked):
            return [() for _ in checked]
        keys = self._nearest(checked, min(k, len(self)))
        stored = self._index.reconstruct_batch(keys.ravel()).reshape(*keys.shape, -1)
        return [
            tuple(islice(self._ranked(*row), k))
            for row in zip(keys.tolist(), stored, checked, strict=True)
        ]

    def _nearest(self, probes: Vectors, k: int) -> NDArray[np.int64]:
        """At least ``k`` keys per probe, with all that tie with the last of them."""
        wanted = min(k + _TIE_RESERVE, len(self))
        while True:
            scores, keys = self._index.search(probes, wanted)
            if wanted == len(self) or bool((scores[:, -1] < scores[:, k - 1] - _TIE_BAND).all()):
                return np.asarray(keys, dtype=np.int64)
            wanted = min(2 * wanted, len(self))

    def _ranked(self, keys: list[int], stored: Vectors, probe: Vectors) -> Iterable[Candidate]:
        # a sum per row, not a matrix product: equal rows must give equal scores to the last bit
        scores = (stored.astype(np.float64) * probe).sum(axis=1).clip(-1.0, 1.0).tolist()
        named = ((self._id_of[key], score) for key, score in zip(keys, scores, strict=True))
        ordered = sorted(named, key=lambda found: (-found[1], found[0]))
        return (Candidate(person_id, score) for person_id, score in ordered)

    def _checked(self, vectors: Vectors) -> Vectors:
        expected = f"({self._space.dimension},) float32 of unit length"
        if getattr(vectors, "dtype", None) != np.float32:
            kind = getattr(vectors, "dtype", type(vectors).__name__)
            raise IndexMismatch(f"Vectors of type {kind} came; rows of {expected} are expected.")
        if vectors.ndim != 2 or vectors.shape[1] != self._space.dimension:
            raise IndexMismatch(
                f"Vectors of shape {vectors.shape} came; rows of {expected} are expected. "
                f"The index belongs to the embedding space {self._space.id}."
            )
        if not np.isfinite(vectors).all():
            raise IndexMismatch(f"A vector holds NaN or infinity; rows of {expected} are expected.")
        norms = np.linalg.norm(vectors, axis=1)
        if len(norms) and float(np.abs(norms - 1.0).max()) > _NORM_TOLERANCE:
            worst = float(norms[np.abs(norms - 1.0).argmax()])
            raise IndexMismatch(
                f"A vector has length {worst:.4f}; rows of {expected} are expected. Normalise it."
            )
        return np.ascontiguousarray(vectors)
