"""Reads of recognitions and faces, with the names joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from portal.core.context import Actor, current_actor, require
from portal.core.errors import NotFound
from portal.people.selectors import PersonName, portraits_of, within_scope
from portal.sightings.models import RecognisedFace, Recognition
from portal.sightings.selectors.candidates import resembled
from recognition.decision import REASON_TEXT

__all__ = [
    "FaceView",
    "decision_counts_today",
    "faces_of",
    "faces_of_person",
    "faces_within",
    "latest_faces",
    "latest_uploads",
    "own_recognition",
    "picture_of",
    "reason_text",
    "recognitions_within",
    "visible_face",
    "visible_recognition",
    "visible_recognitions",
    "with_names",
]


@dataclass(frozen=True, slots=True)
class FaceView:
    """A face with everything that a page or an API answer says about it.

    ``candidates`` are those whom the actor may see; ``suggested`` and ``suggested_as`` are about who
    is most like it of all, as in a ``VisitView``.
    """

    face: RecognisedFace
    person: PersonName | None
    portrait_id: UUID | None
    candidates: tuple[tuple[PersonName, float], ...]
    suggested: PersonName | None
    suggested_as: str

    @property
    def threshold(self) -> float | None:
        return self.face.recognition.threshold

    @property
    def title(self) -> str:
        if self.person is not None:
            return self.person.name
        if self.face.decision == RecognisedFace.Decision.UNCERTAIN and self.suggested_as:
            return f"Perhaps {self.suggested_as}"
        if self.face.person_id is not None:
            return "Known person, name not shown"
        return "Unknown face"

    @property
    def second_score(self) -> float | None:
        """The score of the second nearest person, from which the margin is measured."""
        return float(self.face.candidates[1][1]) if len(self.face.candidates) > 1 else None

    @property
    def reason_text(self) -> str:
        return reason_text(self.face.reason)

    @property
    def quality_rows(self) -> list[tuple[str, str]]:
        return [
            (name.replace("_px", " in px").replace("_", " ").capitalize(), f"{value:.2f}")
            for name, value in self.face.quality.items()
        ]


# The reasons of the engine's rules, and those that no single face can tell.
_REASONS: dict[str, str] = {
    **{str(code): text for code, text in REASON_TEXT.items()},
    "person_gone": "The person was erased or suspended, or withdrew the consent, while this was decided.",
    "named_stranger": "Like a stranger to whom somebody gave this name, and of whom no photo is enrolled.",
    "name_withdrawn": "A name was likely at first; the faces that followed do not bear it out.",
}


def reason_text(reason: str) -> str:
    """A stored reason in words; empty for one that nobody gives any more."""
    return _REASONS.get(reason, "")


def visible_recognitions() -> QuerySet[Recognition]:
    actor = require("sightings.view")
    return Recognition.objects.select_related("camera").filter(recognitions_within(actor))


def recognitions_within(actor: Actor) -> Q:
    """The condition that a recognition lies in the actor's scope: by its camera's site, and
    without a camera by who submitted it; for whom sees certain people only, by their faces."""
    scope, condition = actor.scope, Q()
    if scope.site_ids is not None:
        condition &= Q(camera__site__in=scope.site_ids) | Q(camera=None, actor_id=actor.id)
    if scope.department_ids is not None or scope.person_id is not None:
        theirs = RecognisedFace.objects.filter(
            within_scope(scope, path="person__"), recognition=OuterRef("pk")
        )
        condition &= Q(Exists(theirs))
    return condition


def faces_within(actor: Actor) -> Q:
    """The same for a face. Whoever sees certain people only sees no stranger's face either."""
    scope, condition = actor.scope, Q()
    if scope.site_ids is not None:
        condition &= Q(recognition__camera__site__in=scope.site_ids) | Q(
            recognition__camera=None, recognition__actor_id=actor.id
        )
    if scope.department_ids is not None:
        condition &= Q(person__department__in=scope.department_ids)
    if scope.person_id is not None:
        condition &= Q(person=scope.person_id)
    return condition


def visible_recognition(recognition_id: UUID) -> Recognition:
    row = visible_recognitions().filter(pk=recognition_id).first()
    if row is None:
        raise NotFound("There is no such recognition, or it was deleted after its retention time.")
    return row


def own_recognition(recognition_id: UUID) -> Recognition:
    """A recognition for the one who asked for it, or for somebody who may see them all."""
    actor = current_actor()
    rows = Recognition.objects.filter(recognitions_within(actor), pk=recognition_id)
    if not actor.may("sightings.view"):
        require("sightings.recognise")
        rows = rows.filter(actor_id=actor.id, source=Recognition.Source.API)
    row = rows.first()
    if row is None:
        raise NotFound("There is no such recognition, or it was deleted after its retention time.")
    return row


def picture_of(recognition: Recognition) -> str:
    """The key of the whole picture. Raises ``NotFound`` where it was deleted, or where it shows
    somebody whom an actor that sees certain people only may not see."""
    actor = require("sightings.view")
    scope = actor.scope
    is_shown = bool(recognition.picture_key)
    if scope.department_ids is not None or scope.person_id is not None:
        seen = recognition.faces.filter(faces_within(actor)).count()
        is_shown &= seen == recognition.faces.count()
    if not is_shown:
        raise NotFound("The picture was deleted after its retention time.")
    return recognition.picture_key


def visible_face(face_id: int) -> RecognisedFace:
    actor = require("sightings.view")
    face = (
        RecognisedFace.objects.select_related("recognition__camera", "person")
        .filter(faces_within(actor), pk=face_id)
        .first()
    )
    if face is None:
        raise NotFound("There is no such face, or it was deleted after its retention time.")
    return face


def faces_of(recognition: Recognition) -> list[FaceView]:
    """In the order of the picture's main face first."""
    faces = list(recognition.faces.filter(faces_within(current_actor())))
    for face in faces:
        face.recognition = recognition
    return with_names(faces)


def latest_faces(
    *, limit: int = 40, after_id: int = 0, camera_id: UUID | None = None, decision: str = ""
) -> list[FaceView]:
    """Newest first; ``after_id`` lets a page that lost its connection fill the gap."""
    actor = require("sightings.view")
    faces = (
        RecognisedFace.objects.select_related("recognition__camera")
        .filter(faces_within(actor))
        .order_by("-id")
    )
    if after_id:
        faces = faces.filter(id__gt=after_id)
    if camera_id is not None:
        faces = faces.filter(recognition__camera_id=camera_id)
    if decision:
        faces = faces.filter(decision=decision)
    return with_names(list(faces[:limit]))


def latest_uploads(*, limit: int = 8) -> list[tuple[Recognition, list[FaceView]]]:
    """The photos recognised last on the Recognise page, each with its faces."""
    rows = list(
        visible_recognitions()
        .filter(source=Recognition.Source.UPLOAD)
        .prefetch_related(
            Prefetch("faces", RecognisedFace.objects.filter(faces_within(current_actor())))
        )[:limit]
    )
    faces = [face for row in rows for face in row.faces.all()]
    for row in rows:
        for face in row.faces.all():
            face.recognition = row
    views = iter(with_names(faces))
    return [(row, [next(views) for _ in row.faces.all()]) for row in rows]


def faces_of_person(person_id: UUID, *, limit: int = 12) -> list[FaceView]:
    """Where somebody was seen last, newest first."""
    actor = require("sightings.view")
    faces = RecognisedFace.objects.select_related("recognition__camera").filter(
        faces_within(actor), within_scope(actor.scope, path="person__"), person_id=person_id
    )
    return with_names(list(faces.order_by("-id")[:limit]))


def decision_counts_today(*, since: datetime | None = None) -> dict[str, int]:
    """Faces per decision since the site's midnight."""
    actor = require("sightings.view")
    start = since or timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        RecognisedFace.objects.filter(faces_within(actor), recognition__created_at__gte=start)
        .values("decision")
        .annotate(count=Count("id"))
        .values_list("decision", "count")
    )
    return dict(rows)


def with_names(faces: Sequence[RecognisedFace]) -> list[FaceView]:
    """Join names to ids; who was erased meanwhile, or lies outside the actor's scope, is left out
    of person and candidates."""
    people = resembled(faces)
    beside = [people.name(_best_id(face)) for face in faces]
    shown = {UUID(known.id) for known in beside if known is not None}
    portraits = portraits_of(shown) if shown else {}
    return [
        FaceView(
            face=face,
            person=people.name(face.person_id) if face.person_id else None,
            portrait_id=portraits.get(UUID(known.id)) if known is not None else None,
            candidates=people.nearest(face.candidates),
            suggested=people.name(face.candidates[0][0]) if face.candidates else None,
            suggested_as=people.words(face.candidates[0][0]) if face.candidates else "",
        )
        for face, known in zip(faces, beside, strict=True)
    ]


def _best_id(face: RecognisedFace) -> str:
    """Whose photo stands beside the crop: the match, else the nearest candidate."""
    if face.person_id:
        return str(face.person_id)
    return str(face.candidates[0][0]) if face.candidates else ""
