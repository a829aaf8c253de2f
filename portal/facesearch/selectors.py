"""Reads of searches: one's own alone, joined with the visits that one may see now."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from portal.core.context import require
from portal.core.errors import NotFound
from portal.facesearch.models import FaceSearch, SearchedFace
from portal.people.selectors import PersonName, names_of
from portal.review.selectors import reviewed_visits
from portal.sightings.models import Visit

__all__ = ["FoundVisit", "found_visits", "own_search", "own_searches", "searched_face"]


@dataclass(frozen=True, slots=True)
class FoundVisit:
    visit: Visit
    score: float
    is_likely: bool
    person: PersonName | None

    @property
    def crop_id(self) -> int | None:
        face = self.visit.best_face
        return face.pk if face is not None and face.portrait_key else None


def own_searches() -> QuerySet[FaceSearch]:
    """Newest first; nobody sees whom somebody else has searched for."""
    actor = require("faces.search")
    return FaceSearch.objects.filter(
        actor_id=actor.id, expires_at__gt=timezone.now()
    ).select_related("visit__best_face", "stranger")


def own_search(search_id: UUID) -> FaceSearch:
    row = own_searches().filter(pk=search_id).first()
    if row is None:
        raise NotFound("There is no such search of yours. Searches are forgotten after a day.")
    return row


def searched_face(search_id: UUID, position: int) -> SearchedFace:
    face = own_search(search_id).faces.filter(position=position).first()
    if face is None:
        raise NotFound("There is no such face.")
    return face


def found_visits(search: FaceSearch) -> list[FoundVisit]:
    """Best first; what was deleted since, or lies elsewhere, is left out."""
    scores = {UUID(visit): float(score) for visit, score in search.results}
    visits = {visit.pk: visit for visit in reviewed_visits(scores)} if scores else {}
    names = names_of({str(one.person_id) for one in visits.values() if one.person_id})
    return [
        FoundVisit(
            visit=visits[pk],
            score=score,
            is_likely=search.threshold is not None and score >= search.threshold,
            person=names.get(str(visits[pk].person_id)),
        )
        for pk, score in scores.items()
        if pk in visits
    ]
