"""Reads of visits, with the names joined, as the live page and the review show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.core.context import Actor, current_actor, require
from portal.people.selectors import PersonName, portraits_of
from portal.sightings.models import RecognisedFace, Visit
from portal.sightings.selectors.candidates import resembled
from portal.sightings.selectors.faces import FaceView, faces_within, reason_text, with_names

__all__ = [
    "VisitView",
    "view_of",
    "visible_visits",
    "visit_faces",
    "visits_within",
]

_Decision = RecognisedFace.Decision


@dataclass(frozen=True, slots=True)
class VisitView:
    """A visit with everything that a page says about it.

    ``person`` is whom it names, ``nearest`` the people most like it with their scores, best first;
    of both only those whom the actor may see. ``suggested`` is who is most like it of all, and None
    where the actor may not see them, however near those are whom they may see; ``suggested_as`` says
    who that is without the name there, and is empty where nobody can be told. ``second`` is who
    comes next of all. ``portrait_id`` is the enrolled photo to lay beside the crop (of the person,
    else of the suggested), ``face_id`` the ledger's row with the crop.
    """

    visit: Visit
    person: PersonName | None
    portrait_id: UUID | None
    nearest: tuple[tuple[PersonName, float], ...]
    suggested: PersonName | None
    suggested_as: str
    second: PersonName | None

    @property
    def id(self) -> UUID:
        return self.visit.pk

    @property
    def face_id(self) -> int | None:
        return self.visit.best_face_id

    @property
    def camera_name(self) -> str:
        return self.visit.camera.name

    @property
    def last_camera_name(self) -> str:
        return self.visit.last_camera.name

    @property
    def is_open(self) -> bool:
        return self.visit.closed_at is None

    @property
    def is_provisional(self) -> bool:
        return self.visit.decision == _Decision.MATCH and not (
            self.visit.is_confirmed or self.visit.settled_as
        )

    @property
    def title(self) -> str:
        visit = self.visit
        if visit.settled_as == Visit.Settled.NOT_A_FACE:
            return "Not a face"
        if self.person is not None:
            return self.person.name
        if visit.person_id is not None:
            return "Known person, name not shown"
        if visit.decision == _Decision.UNCERTAIN and self.suggested_as and not visit.settled_as:
            return f"Perhaps {self.suggested_as}"
        return str(visit.stranger) if visit.stranger_id else "Unknown face"

    @property
    def state_text(self) -> str:
        """How sure it is, in a word or two."""
        visit = self.visit
        if visit.settled_as:
            return visit.get_settled_as_display()
        if visit.decision == _Decision.MATCH:
            return "Confirmed" if visit.is_confirmed else "Provisional"
        return visit.get_decision_display()

    @property
    def why(self) -> str:
        """Why somebody was or was not recognised, over all the faces of the visit."""
        visit = self.visit
        if visit.settled_as:
            by = f" by {visit.settled_by}" if visit.settled_by else ""
            return f"{visit.get_settled_as_display()}{by}."
        said = reason_text(visit.reason)
        if visit.decision == _Decision.MATCH:
            usable, agreeing = visit.faces_usable, visit.faces_agreeing
            said += (
                f" {agreeing} of {usable} usable faces agree."
                if visit.is_confirmed
                else f" {agreeing} of {usable} usable faces so far; more must agree to confirm it."
            )
        return said.strip()

    @property
    def second_score(self) -> float | None:
        """The score of the second nearest person, from which the margin is measured."""
        nearest = self.visit.candidates
        return float(nearest[1][1]) if len(nearest) > 1 else None


def visits_within(actor: Actor) -> Q:
    """The condition that a visit lies in the actor's scope: by its site, and for whom sees certain
    people only, by its person. Such an actor sees no stranger's visit either."""
    scope, condition = actor.scope, Q()
    if scope.site_ids is not None:
        condition &= Q(site__in=scope.site_ids)
    if scope.department_ids is not None:
        condition &= Q(person__department__in=scope.department_ids)
    if scope.person_id is not None:
        condition &= Q(person=scope.person_id)
    return condition


def visible_visits() -> QuerySet[Visit]:
    """Newest first."""
    actor = require("sightings.view")
    return Visit.objects.select_related("camera", "last_camera", "site", "stranger").filter(
        visits_within(actor)
    )


def view_of(visits: Sequence[Visit]) -> list[VisitView]:
    """Join names to ids; who was erased meanwhile, or lies outside the actor's scope, is left out
    of person and nearest."""
    people = resembled(visits)
    beside = {visit.pk: people.name(_beside(visit)) for visit in visits}
    shown = {UUID(known.id) for known in beside.values() if known is not None}
    portraits = portraits_of(shown) if shown else {}
    return [
        VisitView(
            visit=visit,
            person=people.name(visit.person_id) if visit.person_id else None,
            portrait_id=portraits.get(UUID(known.id)) if (known := beside[visit.pk]) else None,
            nearest=people.nearest(visit.candidates),
            suggested=people.name(visit.candidates[0][0]) if visit.candidates else None,
            suggested_as=people.words(visit.candidates[0][0]) if visit.candidates else "",
            second=people.name(visit.candidates[1][0]) if len(visit.candidates) > 1 else None,
        )
        for visit in visits
    ]


def visit_faces(visit: Visit, *, limit: int = 24) -> list[FaceView]:
    """The ledger's rows of a visit, in the order in which they were decided."""
    rows = visit.faces.select_related("recognition__camera").filter(faces_within(current_actor()))
    return with_names(list(rows.order_by("id")[:limit]))


def _beside(visit: Visit) -> str:
    """Whose photo stands beside the crop."""
    if visit.person_id:
        return str(visit.person_id)
    return str(visit.candidates[0][0]) if visit.candidates else ""
