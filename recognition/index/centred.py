"""Scores about the mean of everybody enrolled: the form in which thresholds are calibrated.

What all faces of a site have in common is part of every plain score and tells nobody apart. See
``geometry.centring``. Public surface: ``CentredIndex``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Candidate, EmbeddingSpace, VectorIndex, Vectors
from recognition.geometry.centring import centred, site_mean
from recognition.index._store import VectorStore, checked_vectors
from recognition.index.flat import FlatIndex

__all__ = ["CentredIndex"]


class CentredIndex:
    """``contracts.VectorIndex`` that takes and keeps plain vectors and compares centred ones.

    The mean follows the vectors enrolled, one a person, and depends on nothing else: two copies of
    a gallery give the same scores whatever their history. It is taken again at the first search
    after a change, which costs a pass over all vectors (30 ms for 100,000). Not thread-safe.
    """

    def __init__(
        self, space: EmbeddingSpace, *, prior: NDArray[np.float32], index: VectorIndex | None = None
    ) -> None:
        """``prior``, ``(D,)``, is the mean before anybody is enrolled, ``network_mean``'s.

        ``index``, empty, holds the centred vectors; ``FlatIndex`` unless given.
        """
        self._store = VectorStore(space)
        self._prior = prior
        self._index = FlatIndex(space) if index is None else index
        self._mean: NDArray[np.float32] | None = None

    @property
    def space(self) -> EmbeddingSpace:
        return self._store.space

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, person_id: object) -> bool:
        return person_id in self._store

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Add or replace, as ``VectorIndex.upsert`` says."""
        self._store.upsert(ids, vectors)
        self._mean = None

    def remove(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        self._store.remove(ids)
        self._index.remove(ids)
        self._mean = None

    def search(self, probes: Vectors, *, k: int) -> list[tuple[Candidate, ...]]:
        """Per plain probe up to ``k`` candidates by falling centred score, exact ties by id.

        Raises as ``VectorIndex.search`` does.
        """
        checked = checked_vectors(probes, space=self.space)
        mean = self._follow()
        return self._index.search(centred(checked, mean=mean), k=k)

    @property
    def mean(self) -> NDArray[np.float32]:
        """What vectors are centred on before they are compared, ``(D,) float32``, as it is now."""
        return self._follow()

    def _follow(self) -> NDArray[np.float32]:
        if self._mean is None:
            # by id, because sums in another order differ in the last bit
            order = sorted(range(len(self)), key=self._store.ids.__getitem__)
            templates = self._store.matrix[order]
            mean = site_mean(templates, prior=self._prior)
            if order:
                ids = [self._store.ids[row] for row in order]
                self._index.upsert(ids, centred(templates, mean=mean))
            self._mean = mean
        return self._mean
