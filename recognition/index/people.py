"""People with several templates each; a search names each person once. Public: ``PersonGallery``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from recognition.contracts import Candidate, EmbeddingSpace, VectorIndex, Vectors
from recognition.errors import IndexMismatch
from recognition.index._store import checked_vectors
from recognition.index.flat import FlatIndex
from recognition.index.fusion import fuse_templates

__all__ = ["PersonGallery", "TemplateMode"]

TemplateMode = Literal["fused", "best_of"]

# Joins a person and the number of a template. It sorts before every letter, so that of two
# equal scores the lower person comes first, as in every index.
_JOINT = "\x00"


class PersonGallery:
    """``contracts.VectorIndex`` in which the rows of one id are that person's templates.

    ``fused`` keeps the direction of their mean and scores against that: one comparison a person,
    which is what the shipped thresholds were measured with. ``best_of`` keeps all and counts the
    best: kinder to people whose photos differ, but every template more is another chance for a
    stranger, so it asks for a higher threshold. Not thread-safe.
    """

    def __init__(
        self,
        space: EmbeddingSpace,
        *,
        mode: TemplateMode = "fused",
        index: VectorIndex | None = None,
    ) -> None:
        """``index`` is where the vectors go: empty, of the same space, ``FlatIndex`` unless given.

        Raises ``IndexMismatch`` where it is of another space or not empty.
        """
        held = FlatIndex(space) if index is None else index
        if held.space != space or len(held):
            raise IndexMismatch(
                f"An index of space {held.space.id} with {len(held)} vectors came; a gallery of "
                f"space {space.id} starts with an empty index of its own space."
            )
        self._index = held
        self._mode = mode
        self._templates: dict[str, int] = {}
        self._most = 1  # templates of one person, ever

    @property
    def space(self) -> EmbeddingSpace:
        return self._index.space

    @property
    def mode(self) -> TemplateMode:
        return self._mode

    def __len__(self) -> int:
        """How many people."""
        return len(self._templates)

    def __contains__(self, person_id: object) -> bool:
        return person_id in self._templates

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Give people their templates, instead of those they had; an id comes once per template.

        Raises ``IndexMismatch``, and changes nothing, for wrong vectors, and in ``fused`` mode
        for templates that cancel each other out.
        """
        checked = checked_vectors(vectors, space=self.space)
        if len(ids) != len(checked):
            raise IndexMismatch(
                f"{len(ids)} ids came with {len(checked)} vectors. Send one vector for each id."
            )
        rows: dict[str, list[int]] = {}
        for at, person_id in enumerate(ids):
            rows.setdefault(person_id, []).append(at)
        if not rows:
            return
        if self._mode == "fused":
            fused = np.stack([fuse_templates(checked[mine]) for mine in rows.values()])
            self._index.upsert(list(rows), fused)
            self._templates.update(dict.fromkeys(rows, 1))
            return
        self.remove(list(rows))
        order = [at for mine in rows.values() for at in mine]
        keys = [key for person_id, mine in rows.items() for key in _keys(person_id, len(mine))]
        self._index.upsert(keys, checked[order])
        self._templates.update((person_id, len(mine)) for person_id, mine in rows.items())
        self._most = max(self._most, *(len(mine) for mine in rows.values()))

    def remove(self, ids: Sequence[str]) -> None:
        """Forget these people; unknown ones are ignored."""
        known = {person_id: self._templates.pop(person_id, 0) for person_id in {*ids}}
        if self._mode == "fused":
            self._index.remove(list(known))
        else:
            self._index.remove([key for who, count in known.items() for key in _keys(who, count)])

    def search(self, probes: Vectors, *, k: int) -> list[tuple[Candidate, ...]]:
        """Per probe up to ``k`` people, best first, each at most once, exact ties by id.

        Raises as ``VectorIndex.search`` does.
        """
        if self._mode == "fused" or not self._templates:
            return self._index.search(probes, k=k)
        # one pass answers unless somebody holds several of the first places
        wanted = k + self._most - 1
        while True:
            found = [_people(row) for row in self._index.search(probes, k=wanted)]
            enough = min(k, len(self))
            if all(len(people) >= enough for people in found):
                return [people[:k] for people in found]
            wanted *= 2


def _keys(person_id: str, count: int) -> list[str]:
    return [f"{person_id}{_JOINT}{number}" for number in range(count)]


def _people(templates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    best: dict[str, float] = {}
    for found in templates:
        best.setdefault(found.person_id.rpartition(_JOINT)[0], found.score)
    return tuple(Candidate(person_id, score) for person_id, score in best.items())
