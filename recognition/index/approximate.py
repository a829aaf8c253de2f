"""Search that may miss, for galleries where exact search is too slow. Public: ``ApproximateIndex``.

Every vector is kept a second time as four bits for each two numbers (FAISS's product quantiser with
its register scan), all of these are scanned, and the few that come out best are scored exactly.

Not a graph and not inverted lists: embeddings of different people have next to no clusters (SFace
on LFW spreads over 115 of 128 dimensions), so on 200,000 vectors made like them HNSW (32 links,
efSearch 256) found 71 to 95 % of the right neighbours and took minutes to build, inverted lists
(64 of 512 read) 78 to 96 %; this found all, as fast as either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Candidate, EmbeddingSpace, Vectors
from recognition.index._store import checked_vectors
from recognition.index.flat import FlatIndex

__all__ = ["ApproximateIndex"]

_TRAINED_FROM = 20_000  # vectors; below, exact search takes less than a millisecond
_TRAINING_ROWS = 16_384  # a thousand for each of a sub-quantiser's 16 centres
_BITS = 4
# Scored exactly per probe. Of strangers' nearest neighbours 128 lost 0.7 % among 200,000; 256 lost
# none, and 0.6 % among a million, where it found every mate (bench/search.py).
_REACH = 256
_DEAD = -1
_NO_ROWS: NDArray[np.int64] = np.empty(0, np.int64)
_DEAD_SHARE = 0.25  # of the codes; more make every scan longer than building anew


class ApproximateIndex:
    """``contracts.VectorIndex`` whose scores are exact and whose neighbours are nearly all right.

    Exact below ``trained_from`` vectors. Changes are made in place: a removed vector's code stays
    until a quarter of the codes are such, then they are made again. Not thread-safe.
    ``bench/search.py`` measures how often the best neighbour is the true one.
    """

    def __init__(
        self, space: EmbeddingSpace, *, trained_from: int = _TRAINED_FROM, reach: int = _REACH
    ) -> None:
        """Raises ``ValueError`` for fewer than 16 vectors to train from: there are 16 centres."""
        import faiss

        if trained_from < 1 << _BITS:
            raise ValueError(f"trained_from is {trained_from}; give {1 << _BITS} or more vectors.")
        self._faiss: Any = faiss
        self._exact = FlatIndex(space)
        self._trained_from = trained_from
        self._reach = reach
        self._codes: Any = None
        self._place: dict[str, int] = {}  # of an id's code, counted from the first ever added
        self._row_at = _NO_ROWS  # of the vector that a place's code was made from, or _DEAD

    @property
    def space(self) -> EmbeddingSpace:
        return self._exact.space

    @property
    def is_exact(self) -> bool:
        """Whether so few vectors are held that all of them are compared."""
        return self._codes is None

    def __len__(self) -> int:
        return len(self._exact)

    def __contains__(self, person_id: object) -> bool:
        return person_id in self._exact

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """As ``FlatIndex.upsert``."""
        rows = self._exact.store.upsert(ids, vectors)
        if self._codes is None:
            if len(self) >= self._trained_from:
                self._build()
        else:
            self._bury(ids)
            self._add(rows)
            self._tidy()

    def remove(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        store = self._exact.store
        moved = store.remove(ids)
        if self._codes is not None:
            self._bury(ids)
            for row in moved.tolist():
                self._row_at[self._place[store.ids[row]]] = row
            self._tidy()

    def search(self, probes: Vectors, *, k: int) -> list[tuple[Candidate, ...]]:
        """As ``FlatIndex.search``, but somebody who belongs there may be missing."""
        if self._codes is None or k < 1:
            return self._exact.search(probes, k=k)
        checked = checked_vectors(probes, space=self.space)
        if not len(checked):
            return []
        return self._exact.store.best(self._likely(checked, k), probes=checked, k=k)

    def _likely(self, probes: Vectors, k: int) -> list[NDArray[np.int64]]:
        """Per probe the rows to score exactly: ``reach`` and more, at least ``k`` of them alive."""
        wanted = self._reach + 4 * k
        while True:
            wanted = min(wanted, self._codes.ntotal)
            _, places = self._codes.search(probes, wanted)
            # FAISS fills up with -1 where it found fewer
            rows = [self._row_at[row[row >= 0]] for row in places]
            rows = [row[row != _DEAD] for row in rows]
            if wanted == self._codes.ntotal or min(map(len, rows)) >= min(k, len(self)):
                return rows
            wanted *= 4

    def _build(self) -> None:
        dimension = self.space.dimension
        parts = dimension // 2 if dimension % 2 == 0 else dimension
        matrix = self._exact.store.matrix
        self._codes = self._faiss.IndexPQFastScan(
            dimension, parts, _BITS, self._faiss.METRIC_INNER_PRODUCT
        )
        self._codes.pq.cp.min_points_per_centroid = 1  # fewer are warned of on stderr
        some = np.linspace(0, len(matrix) - 1, min(len(matrix), _TRAINING_ROWS)).astype(np.int64)
        self._codes.train(matrix[some])
        self._place, self._row_at = {}, _NO_ROWS
        self._add(np.arange(len(matrix)))

    def _add(self, rows: NDArray[np.int64]) -> None:
        store = self._exact.store
        first = self._codes.ntotal
        self._codes.add(store.matrix[rows])
        after = first + len(rows)
        if after > len(self._row_at):
            larger = np.full(after + after // 2, _DEAD)
            larger[:first] = self._row_at[:first]
            self._row_at = larger
        self._row_at[first:after] = rows
        self._place.update(zip((store.ids[row] for row in rows), range(first, after), strict=True))

    def _bury(self, ids: Iterable[str]) -> None:
        for person_id in ids:
            place = self._place.pop(person_id, None)
            if place is not None:
                self._row_at[place] = _DEAD

    def _tidy(self) -> None:
        codes = self._codes.ntotal
        if codes - len(self._place) <= _DEAD_SHARE * codes:
            return
        if len(self) >= self._trained_from:
            self._build()
        else:
            self._codes, self._place, self._row_at = None, {}, _NO_ROWS
