"""Exact search: every probe meets every vector. The truth that other indexes are measured by.

A disposable copy of what the database holds. Public surface: ``FlatIndex``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Candidate, EmbeddingSpace, Vectors
from recognition.index._store import TIE_BAND, VectorStore, checked_vectors

__all__ = ["FlatIndex"]

_TIE_RESERVE = 8  # asked for beyond k, so that nearly every search is one pass
# Below either FAISS is done first, which needs neither threads nor a narrowed copy. On a busy
# machine products took as long for 64 probes of 5,000 rows, and a little longer for 8 of 50,000.
_PRODUCT_PROBES = 8
_PRODUCT_PAIRS = 400_000
# One core reads about half of what the memory gives. From here the scan of a single probe takes
# longer than handing parts of it to other threads and putting their answers together (0.1 ms).
_PARTED_ROWS = 50_000
_MAX_PARTS = 4


class FlatIndex:
    """``contracts.VectorIndex`` by FAISS's flat inner product over memory of its own.

    Changes are made in place and cost nothing that grows with the index; FAISS reads the rows
    where they lie. Scores are computed again in float64 from the stored float32 vectors, so equal
    vectors get equal scores whatever the batch, and ties are broken by id. Not thread-safe.

    ``threads`` is how many FAISS uses, which it counts per process: it shares the probes of a
    batch among them. Large indexes are read by several threads at once, a part each. ``batches``
    chooses who answers larger batches: ``"torch"`` is several times faster and gives the same
    answers, but loads torch (a second, 200 MB) at the first of them.
    """

    def __init__(
        self,
        space: EmbeddingSpace,
        *,
        threads: int = 1,
        batches: Literal["faiss", "torch"] = "faiss",
    ) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)
        self._faiss: Any = faiss
        self._batches = batches
        self._pool: ThreadPoolExecutor | None = None
        self._store = VectorStore(space)

    @property
    def space(self) -> EmbeddingSpace:
        return self._store.space

    @property
    def store(self) -> VectorStore:
        """Ids and vectors as they lie in memory; change them through the index."""
        return self._store

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, person_id: object) -> bool:
        return person_id in self._store

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Add ``(N, D) float32`` unit rows, replacing known ids; of one id twice, the last counts.

        Raises ``IndexMismatch``, and changes nothing, where the shape, type, number or length of
        the vectors is not what the index's embedding space asks for.
        """
        self._store.upsert(ids, vectors)

    def remove(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        self._store.remove(ids)

    def search(self, probes: Vectors, *, k: int) -> list[tuple[Candidate, ...]]:
        """Per ``(D,) float32`` unit row up to ``k`` candidates, best first, exact ties by id.

        Fewer than ``k`` where the index holds fewer, none where it is empty. Raises
        ``IndexMismatch`` for wrong vectors and ``ValueError`` for ``k`` below 1.
        """
        if k < 1:
            raise ValueError(f"k is {k}; ask for at least 1 candidate.")
        checked = checked_vectors(probes, space=self.space)
        if not len(self) or not len(checked):
            return [() for _ in checked]
        nearest = self._nearest(checked, min(k, len(self)))
        return self._store.best(nearest, probes=checked, k=k)

    def _nearest(self, probes: Vectors, k: int) -> Sequence[NDArray[np.int64]]:
        """At least the best ``k`` rows per probe, with all that tie with the last of them."""
        if (
            self._batches == "torch"
            and len(probes) >= _PRODUCT_PROBES
            and len(probes) * len(self) >= _PRODUCT_PAIRS
        ):
            from recognition.index._products import nearest_by_products

            return nearest_by_products(self._store.matrix, probes, k=k)
        wanted = min(k + _TIE_RESERVE, len(self))
        while True:
            scores, rows = self._scan(probes, wanted)
            if wanted == len(self) or bool((scores[:, -1] < scores[:, k - 1] - TIE_BAND).all()):
                return list(np.asarray(rows, np.int64))
            wanted = min(2 * wanted, len(self))

    def _scan(self, probes: Vectors, wanted: int) -> tuple[Vectors, NDArray[np.int64]]:
        """``(P, wanted)`` best scores and their rows, falling."""
        parts = min(os.cpu_count() or 1, _MAX_PARTS)
        if len(self) < max(_PARTED_ROWS, parts * wanted) or parts == 1:
            return self._best_of(probes, slice(0, len(self)), wanted)
        if self._pool is None:
            # FAISS counts its threads per thread; each of these scans alone
            self._pool = ThreadPoolExecutor(
                parts - 1, "scan", initializer=self._faiss.omp_set_num_threads, initargs=(1,)
            )
        edges = np.linspace(0, len(self), parts + 1).astype(int).tolist()
        first, *others = (slice(*edge) for edge in pairwise(edges))
        awaited = [self._pool.submit(self._best_of, probes, part, wanted) for part in others]
        found = [self._best_of(probes, first, wanted), *(each.result() for each in awaited)]
        scores, rows = (np.concatenate(kind, axis=1) for kind in zip(*found, strict=True))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :wanted]
        return np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1)

    def _best_of(
        self, probes: Vectors, part: slice, wanted: int
    ) -> tuple[Vectors, NDArray[np.int64]]:
        scores, rows = self._faiss.knn(
            probes, self._store.matrix[part], wanted, metric=self._faiss.METRIC_INNER_PRODUCT
        )
        return scores, np.asarray(rows, np.int64) + part.start
