"""Visits in the grey band: somebody is likely, and a human says whether it is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from portal.core.context import current_actor, require
from portal.core.errors import NotFound
from portal.people.models import FaceImage
from portal.people.selectors import PersonName, portraits_of, within_scope
from portal.review.selectors.reach import within_sites
from portal.sightings.models import RecognisedFace, Visit
from portal.sightings.selectors import resembled
from recognition.decision import REASON_TEXT

__all__ = [
    "Suggestion",
    "enrolled_photos",
    "names_to_confirm",
    "reviewed_visit",
    "reviewed_visits",
    "suggestions",
]

_REASONS: Final[dict[str, str]] = {
    **{str(code): text for code, text in REASON_TEXT.items()},
    "named_stranger": "Like a stranger to whom somebody gave this name, and of whom no photo is "
    "enrolled.",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A visit with who it may be. ``person`` is None where the likely one was erased since, or
    lies outside the actor's scope."""

    visit: Visit
    person: PersonName | None
    score: float | None
    portrait_id: UUID | None
    others: tuple[tuple[PersonName, float], ...]

    @property
    def crop_id(self) -> int | None:
        """The best face's id, as long as its crop is kept."""
        face = self.visit.best_face
        return face.pk if face is not None and face.portrait_key else None

    @property
    def second_score(self) -> float | None:
        candidates = self.visit.candidates
        return float(candidates[1][1]) if len(candidates) > 1 else None

    @property
    def why(self) -> str:
        """What kept Gatehouse from giving the name by itself."""
        return _REASONS.get(self.visit.reason, "")

    @property
    def answer(self) -> str:
        """What was decided, as the end of a sentence that begins with who decided."""
        whom = self.person.name if self.person else "somebody"
        return {
            Visit.Settled.CONFIRMED: f"confirmed this as {whom}",
            Visit.Settled.REFUSED: f"said that this is not {whom}",
            Visit.Settled.ASSIGNED: f"named this {whom}",
            Visit.Settled.NOT_A_FACE: "said that this is no face",
        }.get(Visit.Settled(self.visit.settled_as), "decided on this")


def names_to_confirm() -> QuerySet[Visit]:
    """Newest first: whoever was seen a minute ago may still be asked."""
    actor = require("review.view")
    return (
        Visit.objects.filter(
            within_sites(actor), decision=RecognisedFace.Decision.UNCERTAIN, settled_as=""
        )
        .select_related("camera", "site", "best_face")
        .order_by("-id")
    )


def reviewed_visits(visit_ids: Iterable[UUID]) -> list[Visit]:
    """Visits within the actor's reach, settled or not, newest first."""
    actor = require("review.view")
    rows = Visit.objects.filter(within_sites(actor), pk__in=set(visit_ids))
    return list(rows.select_related("camera", "site", "best_face").order_by("-id"))


def reviewed_visit(visit_id: UUID) -> Visit:
    for visit in reviewed_visits([visit_id]):
        return visit
    raise NotFound("There is no such visit, or it was deleted after its retention time.")


def suggestions(visits: Sequence[Visit]) -> list[Suggestion]:
    """Names and photos joined to all of them at once."""
    people = resembled(visits)
    likely = {visit.pk: people.name(_likely(visit)) for visit in visits}
    shown = {UUID(known.id) for known in likely.values() if known is not None}
    portraits = portraits_of(shown)
    found = []
    for visit in visits:
        who = likely[visit.pk]
        found.append(
            Suggestion(
                visit=visit,
                person=who,
                score=visit.score if visit.score is not None else _score_of(visit),
                portrait_id=portraits.get(UUID(who.id)) if who is not None else None,
                others=tuple(one for one in people.nearest(visit.candidates) if one[0] != who),
            )
        )
    return found


def enrolled_photos(person_id: str, *, most: int = 4) -> list[UUID]:
    """Photos in use of somebody within the actor's scope, the best first."""
    rows = FaceImage.objects.filter(
        within_scope(current_actor().scope, path="person__"),
        person_id=person_id,
        state=FaceImage.State.ACTIVE,
    ).order_by("-quality_score", "id")
    return list(rows.values_list("id", flat=True)[:most])


def _likely(visit: Visit) -> str:
    if visit.person_id:
        return str(visit.person_id)
    return str(visit.candidates[0][0]) if visit.candidates else ""


def _score_of(visit: Visit) -> float | None:
    return float(visit.candidates[0][1]) if visit.candidates else None
