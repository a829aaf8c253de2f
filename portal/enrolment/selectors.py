"""Reads of enrolments in the making. Who may see one is said in ``portal.enrolment.access``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from portal.core.context import current_actor
from portal.core.errors import NotFound
from portal.core.vault import vault
from portal.enrolment.access import require_edit
from portal.enrolment.likeness import (
    ALL_ANGLES,
    Angle,
    Portrayed,
    Print,
    crop_print,
    missing_angles,
)
from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto, Frame, Likeness
from portal.people.models import FaceImage, FaceTemplate, Person
from portal.people.selectors import is_within, portraits_of
from portal.people.vectors import open_vector

__all__ = [
    "DraftView",
    "Lookalike",
    "draft_view",
    "enrolled_faces",
    "lookalikes_of",
    "stored_print",
    "visible_draft",
    "visible_draft_face",
    "visible_draft_photo",
    "visible_frame",
]

_V = EnrolmentPhoto.Verdict


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft as its pages show it. ``angles`` are those of the usable photos and of what is
    enrolled already."""

    enrolment: Enrolment
    photos: tuple[EnrolmentPhoto, ...]
    angles: frozenset[str]

    def _count(self, verdict: str) -> int:
        return sum(photo.verdict == verdict for photo in self.photos)

    @property
    def usable(self) -> int:
        return self._count(_V.USABLE)

    @property
    def pending(self) -> int:
        return self._count(_V.PENDING)

    @property
    def set_aside(self) -> int:
        return self._count(_V.UNLIKE)

    @property
    def stopped(self) -> int:
        """Photos whose face is somebody else's already, as long as nobody answered."""
        return self._count(_V.OTHER_PERSON)

    @property
    def to_pick(self) -> int:
        return self._count(_V.SEVERAL_FACES)

    @property
    def left_out(self) -> int:
        return len(self.photos) - self.usable

    @property
    def missing(self) -> tuple[Angle, ...]:
        return missing_angles(self.angles)

    @property
    def present(self) -> tuple[Angle, ...]:
        return tuple(angle for angle in ALL_ANGLES if angle in self.angles)

    @property
    def can_go_on(self) -> bool:
        return bool(self.usable or self.stopped) and not self.pending


@dataclass(frozen=True, slots=True)
class Lookalike:
    """Somebody enrolled whom a face of the draft is taken for. ``person`` is None, and with it name
    and photo, where they lie outside what the actor may see."""

    likeness: Likeness
    face: EnrolmentFace
    person: Person | None
    portrait_id: UUID | None


def visible_draft(enrolment_id: UUID) -> Enrolment:
    draft = (
        Enrolment.objects.select_related("person")
        .filter(pk=enrolment_id, state=Enrolment.State.DRAFT)
        .first()
    )
    if draft is None:
        raise NotFound("This enrolment has ended already, or there is none of this address.")
    require_edit(draft)
    return draft


def draft_view(draft: Enrolment) -> DraftView:
    require_edit(draft)
    photos = tuple(draft.photos.prefetch_related("faces__likenesses__person__department"))
    chosen = [photo.chosen_face for photo in photos if photo.verdict == _V.USABLE]
    angles = {face.pose for face in chosen if face is not None}
    if draft.person is not None:
        in_use = draft.person.images.filter(state=FaceImage.State.ACTIVE)
        angles |= set(in_use.values_list("pose", flat=True))
    return DraftView(draft, photos, frozenset(angles - {""}))


def lookalikes_of(view: DraftView) -> list[Lookalike]:
    """Per person the strongest likeness that is not answered, the most similar person first."""
    actor = current_actor()
    strongest: dict[UUID, tuple[Likeness, EnrolmentFace]] = {}
    for photo in view.photos:
        face = photo.chosen_face
        if photo.verdict != _V.OTHER_PERSON or face is None:
            continue
        for likeness in face.likenesses.all():
            known = strongest.get(likeness.person_id)
            if not likeness.is_different and (known is None or known[0].score < likeness.score):
                strongest[likeness.person_id] = (likeness, face)
    portraits = portraits_of(strongest)
    found = sorted(strongest.values(), key=lambda pair: -pair[0].score)
    return [
        Lookalike(
            likeness=likeness,
            face=face,
            person=likeness.person if is_within(actor.scope, likeness.person) else None,
            portrait_id=portraits.get(likeness.person_id),
        )
        for likeness, face in found
    ]


def enrolled_faces(person_id: UUID, *, space_id: str) -> list[Portrayed]:
    """What somebody is enrolled with, for the checks to measure a new face by."""
    templates = FaceTemplate.objects.filter(
        person_id=person_id, space_id=space_id, image__state=FaceImage.State.ACTIVE
    ).select_related("image")
    return [
        Portrayed(
            id=str(template.image_id),
            vector=open_vector(template.sealed_vector),
            quality=template.image.quality_score,
            crop=partial(stored_print, template.image.aligned_key),
            is_enrolled=True,
        )
        for template in templates
    ]


def stored_print(aligned_key: str) -> Print:
    return crop_print(vault().get(aligned_key))


def visible_draft_photo(photo_id: UUID) -> EnrolmentPhoto:
    photo = EnrolmentPhoto.objects.select_related("enrolment__person").filter(pk=photo_id).first()
    if photo is None:
        raise NotFound("There is no such photo any more.")
    require_edit(photo.enrolment)
    return photo


def visible_draft_face(face_id: int) -> EnrolmentFace:
    face = (
        EnrolmentFace.objects.select_related("photo__enrolment__person").filter(pk=face_id).first()
    )
    if face is None:
        raise NotFound("There is no such face any more.")
    require_edit(face.photo.enrolment)
    return face


def visible_frame(frame_id: UUID, *, purpose: str) -> Frame:
    """Only for whom sent it: nobody else has a reason to ask what a webcam sees."""
    frame = (
        Frame.objects.select_related("enrolment__person", "person")
        .filter(pk=frame_id, purpose=purpose, created_by=current_actor().label[:254])
        .first()
    )
    if frame is None:
        raise NotFound("There is no such picture any more.")
    if frame.enrolment is not None:
        require_edit(frame.enrolment)
    return frame
