"""Whoever is enrolled is compared with everybody at once, so that the two are guarded before either
comes to a camera. The nightly look through the gallery makes up for whatever is missed here.

Public surface: ``Comparison``, ``comparison_of``.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np

from portal.hygiene.services import FoundPair, note_pairs
from portal.people.selectors import gallery_vectors
from recognition.calibration import confusable_bar
from recognition.index import fuse_templates
from workers.engine_host import EngineHost

__all__ = ["Comparison", "comparison_of"]

_CHUNK: Final = 500
# Nobody looks like so many; more would say that the model tells nobody apart.
_NEAREST: Final = 20


class Comparison:
    """Remembers whose templates it has compared, so that each change costs one search.

    A process that has just started compares everybody, which also finds what was changed while no
    worker ran.
    """

    def __init__(self, host: EngineHost) -> None:
        self._host = host
        self._compared: dict[str, tuple[str, ...]] = {}

    def catch_up(self) -> int:
        """Compare whoever changed since the last time; returns how many pairs were new."""
        host = self._host
        host.gallery.refresh()
        members = dict(host.gallery.members)
        changed = [person for person, ids in members.items() if self._compared.get(person) != ids]
        policy = host.policy()
        bar = confusable_bar(policy)
        new = 0
        for start in range(0, len(changed), _CHUNK):
            found = self._alike(changed[start : start + _CHUNK], bar)
            new += note_pairs(found, space_id=host.space.pk, ceiling=policy.threshold)
        self._compared = members
        return new

    def _alike(self, people: list[str], bar: float) -> list[FoundPair]:
        vectors = gallery_vectors(self._host.space.pk, people)
        present = [person for person in people if person in vectors]
        if not present:
            return []
        fused = np.stack([fuse_templates(np.stack(vectors[person])) for person in present])
        # Everybody is nearest to themselves.
        nearest = self._host.gallery.search(fused.astype(np.float32), k=_NEAREST + 1)
        return [
            FoundPair(UUID(person), UUID(other.person_id), min(other.score, 1.0))
            for person, others in zip(present, nearest, strict=True)
            for other in others
            if other.person_id != person and other.score >= bar
        ]


_comparisons: WeakKeyDictionary[EngineHost, Comparison] = WeakKeyDictionary()


def comparison_of(host: EngineHost) -> Comparison:
    """The host's own, which remembers."""
    if host not in _comparisons:
        _comparisons[host] = Comparison(host)
    return _comparisons[host]
