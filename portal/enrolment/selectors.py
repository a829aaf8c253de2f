"""Reads of enrolments in the making."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from portal.core.context import require
from portal.core.errors import NotFound
from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto

__all__ = ["DraftView", "draft_view", "visible_draft", "visible_draft_face", "visible_draft_photo"]


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft as its page shows it."""

    enrolment: Enrolment
    photos: tuple[EnrolmentPhoto, ...]

    @property
    def usable(self) -> int:
        return sum(p.verdict == EnrolmentPhoto.Verdict.USABLE for p in self.photos)

    @property
    def pending(self) -> int:
        return sum(p.verdict == EnrolmentPhoto.Verdict.PENDING for p in self.photos)


def visible_draft(enrolment_id: UUID) -> Enrolment:
    require("people.manage")
    draft = (
        Enrolment.objects.select_related("person")
        .filter(pk=enrolment_id, state=Enrolment.State.DRAFT)
        .first()
    )
    if draft is None:
        raise NotFound("This enrolment has ended already, or there is none of this address.")
    return draft


def draft_view(draft: Enrolment) -> DraftView:
    require("people.manage")
    photos = draft.photos.prefetch_related("faces__nearest").all()
    return DraftView(draft, tuple(photos))


def visible_draft_photo(photo_id: UUID) -> EnrolmentPhoto:
    require("people.manage")
    photo = EnrolmentPhoto.objects.select_related("enrolment").filter(pk=photo_id).first()
    if photo is None:
        raise NotFound("There is no such photo any more.")
    return photo


def visible_draft_face(face_id: int) -> EnrolmentFace:
    require("people.manage")
    face = EnrolmentFace.objects.filter(pk=face_id).first()
    if face is None:
        raise NotFound("There is no such face any more.")
    return face
