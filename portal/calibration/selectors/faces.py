"""Names and pictures of those whom a measurement speaks of, for whom may see them.

Public surface: ``Faces``, ``Face``, ``NearPair``.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from portal.calibration.figures import Figures, NearFigure
from portal.core.context import current_actor
from portal.people.selectors import PersonName, names_of, portraits_of
from portal.review.models import Stranger
from portal.sightings.models import Visit

__all__ = ["Face", "Faces", "NearPair"]


@dataclass(frozen=True, slots=True)
class Face:
    """Somebody in a pair: a name where it may be said, and a picture where there is one."""

    name: str
    person_id: str = ""
    portrait_id: UUID | None = None
    stranger_id: str = ""
    crop_id: int | None = None

    @property
    def initials_of(self) -> str:
        """Nobody unknown has initials."""
        return self.name if self.person_id else ""


@dataclass(frozen=True, slots=True)
class NearPair:
    score: float
    searched: Face
    enrolled: Face

    @property
    def faces(self) -> tuple[Face, Face]:
        return (self.searched, self.enrolled)


class Faces:
    """Read once for all that a page says."""

    def __init__(self, figures: Figures) -> None:
        actor = current_actor()
        near = [one for one in (figures.nearest_stranger, figures.nearest_other) if one]
        ids = {one.other_id for one in near} | {seed.person_id for seed in figures.seeds}
        if figures.nearest_other is not None:
            ids.add(figures.nearest_other.person_id)
        is_allowed = actor.may("people.view")
        self._names: dict[str, PersonName] = names_of(ids - {""}) if is_allowed else {}
        self._portraits = portraits_of(UUID(pk) for pk in self._names)
        self._stranger: Stranger | None = None
        self._crop: int | None = None
        found = figures.nearest_stranger
        if found is not None and actor.may("review.view") and actor.may("sightings.view"):
            self._look_up(found.person_id)

    def _look_up(self, stranger_id: str) -> None:
        rows = Stranger.objects.filter(pk=stranger_id)
        scope = current_actor().scope
        if scope.site_ids is not None:
            rows = rows.filter(site__in=scope.site_ids)
        self._stranger = rows.first()
        if self._stranger is not None:
            visits = Visit.objects.filter(stranger=self._stranger, best_face__isnull=False)
            visit = visits.exclude(best_face__portrait_key="").first()
            self._crop = visit.best_face_id if visit is not None else None

    def name(self, person_id: str) -> str:
        found = self._names.get(person_id)
        return found.name if found is not None else ""

    def pair(self, near: NearFigure | None, *, is_stranger: bool) -> NearPair | None:
        if near is None:
            return None
        searched = self._of_stranger() if is_stranger else self._of_person(near.person_id)
        return NearPair(near.score, searched, self._of_person(near.other_id))

    def _of_stranger(self) -> Face:
        if self._stranger is None:
            return Face("A stranger")
        return Face(str(self._stranger), stranger_id=str(self._stranger.pk), crop_id=self._crop)

    def _of_person(self, person_id: str) -> Face:
        found = self._names.get(person_id)
        if found is None:
            return Face("Somebody enrolled")
        return Face(found.name, found.id, self._portraits.get(UUID(found.id)))
