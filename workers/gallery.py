"""The worker's disposable copy of the gallery, kept equal to the database by revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from portal.people.selectors import gallery_members, gallery_revision, gallery_vectors
from recognition.contracts import Candidate, VectorIndex, Vectors
from recognition.index import CentredIndex, fuse_templates

__all__ = ["GalleryFollower"]


class GalleryFollower:
    """One vector per person (the fused templates) in an index that follows the database.

    ``refresh`` is called before every search. It costs one tiny query while nothing changed;
    otherwise only the people whose templates changed are fetched. The revision is read before
    the members, so a change that arrives in between is seen by the next call at the latest.
    """

    def __init__(self, index: VectorIndex) -> None:
        self._index = index
        self._members: dict[str, tuple[str, ...]] = {}
        self.revision = -1

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, person_id: object) -> bool:
        """Whether this person can be recognised, as of the last ``refresh``."""
        return person_id in self._members

    @property
    def members(self) -> Mapping[str, tuple[str, ...]]:
        """Per person the ids of the templates in use, as of the last ``refresh``."""
        return self._members

    @property
    def mean(self) -> NDArray[np.float32]:
        """``(D,) float32``: vectors are compared about it wherever scores meet a threshold."""
        if isinstance(self._index, CentredIndex):
            return self._index.mean
        return np.zeros(self._index.space.dimension, np.float32)

    def refresh(self) -> bool:
        """Follow the database; True where something changed."""
        revision = gallery_revision()
        if revision == self.revision:
            return False
        space_id = self._index.space.id
        members = gallery_members(space_id)
        changed = [person for person, ids in members.items() if self._members.get(person) != ids]
        vectors = gallery_vectors(space_id, changed)
        present = [person for person in changed if person in vectors]
        # Without whoever was erased between the two queries: the vector held is not theirs.
        kept = {
            person: ids
            for person, ids in members.items()
            if person in vectors or self._members.get(person) == ids
        }
        self._index.remove([person for person in self._members if person not in kept])
        if present:
            fused = np.stack([fuse_templates(np.stack(vectors[person])) for person in present])
            self._index.upsert(present, fused)
        self._members = kept
        self.revision = revision
        return True

    def search(self, probes: Vectors, *, k: int = 5) -> list[tuple[Candidate, ...]]:
        return self._index.search(probes, k=k)

    def nearest(self, probes: Sequence[np.ndarray], *, k: int = 5) -> list[tuple[Candidate, ...]]:
        """``search`` for a list of ``(D,) float32`` vectors, which may be empty."""
        if not probes:
            return []
        return self.search(np.stack(probes).astype(np.float32), k=k)
