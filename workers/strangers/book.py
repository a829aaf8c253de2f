"""The worker's copy of the strangers: one vector each, kept equal to the database.

Public surface: ``StrangerBook``, ``Known``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from portal.review.models import Stranger
from portal.review.waiting import Member, grouped_visits, open_anchors, vectors_of
from portal.sightings.models import Visit
from recognition.geometry.centring import centred
from recognition.index import fuse_templates
from workers.engine_host import EngineHost

__all__ = ["Known", "StrangerBook"]


@dataclass(frozen=True, slots=True)
class Known:
    """A stranger as a visit meets it: ``score`` is the centred cosine of the two."""

    stranger_id: UUID
    state: str
    person_id: UUID | None
    score: float


class StrangerBook:
    """Every stranger's visits, fused as a person's templates are. Vectors are opened once.

    The faces of somebody who is ignored for good are kept as anchors, and stand for visits whose
    retention time is over.
    """

    def __init__(self, host: EngineHost) -> None:
        self._host = host
        self._vectors: dict[UUID, NDArray[np.float32]] = {}
        self._read_at: dict[UUID, datetime] = {}
        self._members: dict[UUID, list[NDArray[np.float32]]] = {}
        self._about: dict[UUID, Member] = {}
        self._by_site: dict[UUID, tuple[list[UUID], NDArray[np.float32]]] = {}

    def __len__(self) -> int:
        return len(self._members)

    def refresh(self) -> None:
        """One query while nothing changed but the visits that joined since."""
        members = grouped_visits(self._host.space.id)
        here = {one.visit_id: one.changed_at for one in members}
        kept = {pk for pk, at in self._read_at.items() if here.get(pk) == at}
        self._vectors = {pk: vector for pk, vector in self._vectors.items() if pk in kept}
        self._vectors |= vectors_of(here.keys() - kept)
        self._read_at = here
        self._members, self._about, self._by_site = {}, {}, {}
        for one in members:
            if one.visit_id in self._vectors:
                self._members.setdefault(one.stranger_id, []).append(self._vectors[one.visit_id])
                self._about[one.stranger_id] = one
        self._add_ignored(here)

    def add(self, visit: Visit, stranger: Stranger | Known, vector: NDArray[np.float32]) -> None:
        pk = stranger.pk if isinstance(stranger, Stranger) else stranger.stranger_id
        self._members.setdefault(pk, []).append(vector)
        self._about.setdefault(
            pk,
            Member(
                visit.pk, pk, visit.site_id, stranger.state, stranger.person_id, visit.changed_at
            ),
        )
        self._by_site.pop(visit.site_id, None)

    def nearest(self, vector: NDArray[np.float32], *, site_id: UUID) -> list[Known]:
        """The strangers of this site, the most similar first."""
        ids, matrix = self._site(site_id)
        if not ids:
            return []
        scores = matrix @ self._centred([vector])[0]
        return [
            Known(
                ids[row], self._about[ids[row]].state, self._about[ids[row]].person_id, float(score)
            )
            for row in np.argsort(-scores, kind="stable").tolist()
            if (score := scores[row]) > 0.0
        ]

    def fused(self, stranger_id: UUID) -> NDArray[np.float32] | None:
        """``(D,) float32``; None where nothing is kept to compare."""
        vectors = self._members.get(stranger_id)
        return fuse_templates(np.stack(vectors)) if vectors else None

    def _site(self, site_id: UUID) -> tuple[list[UUID], NDArray[np.float32]]:
        known = self._by_site.get(site_id)
        if known is None:
            ids = [pk for pk, about in self._about.items() if about.site_id == site_id]
            fused = [fuse_templates(np.stack(self._members[pk])) for pk in ids]
            known = ids, self._centred(fused)
            self._by_site[site_id] = known
        return known

    def _centred(self, vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        if not len(vectors):
            return np.zeros((0, self._host.space.dimension), np.float32)
        return centred(np.stack(vectors), mean=self._host.gallery.mean)

    def _add_ignored(self, visits: Collection[UUID]) -> None:
        anchors = [
            one
            for one in open_anchors(self._host.space.id)
            if one.person_id is None
            and one.stranger_id is not None
            and (one.visit_id is None or one.visit_id not in visits)
        ]
        if not anchors:
            return
        strangers = Stranger.objects.in_bulk({one.stranger_id for one in anchors})
        for one in anchors:
            stranger = strangers.get(one.stranger_id)
            if stranger is not None:
                self._members.setdefault(stranger.pk, []).append(one.vector)
                self._about.setdefault(
                    stranger.pk,
                    Member(
                        stranger.pk,
                        stranger.pk,
                        stranger.site_id,
                        stranger.state,
                        None,
                        stranger.last_at,
                    ),
                )
