"""The answer to "this face is somebody else's already": the same person, or a different one.

The third way on is ``cancel_enrolment``; until one of the three is taken nothing is confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError, NotFound
from portal.core.vault import vault
from portal.enrolment.access import require_edit
from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto, Likeness
from portal.enrolment.services.draft import announce, lock_draft
from portal.enrolment.services.rejudge import rejudge
from portal.people.models import LookalikePair, Person
from portal.people.selectors import is_within
from portal.people.services import person_key
from portal.people.services.reseal import reseal

__all__ = ["different_person", "record_pairs", "same_person"]


@transaction.atomic
def same_person(enrolment: Enrolment, person_id: UUID) -> Enrolment:
    """The photos are the known person's: the draft goes on as more photos of theirs, nothing is
    lost. What it holds is sealed anew with that person's key."""
    draft, likeness = _asked(enrolment, person_id)
    if draft.photos.filter(state=EnrolmentPhoto.State.QUEUED).exists():
        raise DomainError(
            "Some photos are still being examined. Wait a moment and answer again.",
            code="enrolment.pending",
            http_status=409,
        )
    person, former = likeness.person, draft.person_id
    own_key = draft.data_key_id if former is None else None
    data_key = person_key(person)
    faces = EnrolmentFace.objects.filter(photo__enrolment=draft)
    reseal([*draft.photos.all(), *faces], data_key=data_key)
    draft.person, draft.data_key_id = person, data_key
    draft.save(update_fields=["person", "data_key"])
    if own_key is not None:
        vault().keys.destroy(own_key)
    _record("same", draft, likeness, former=former)
    _of_draft(draft).filter(person=person).delete()
    rejudge(draft)
    announce(draft)
    return draft


@transaction.atomic
def different_person(enrolment: Enrolment, person_id: UUID) -> Enrolment:
    """Two people who look alike: the enrolment goes on, and the answer is kept with the pair."""
    draft, likeness = _asked(enrolment, person_id)
    _of_draft(draft).filter(person_id=person_id).update(
        is_different=True,
        answered_by=current_actor().label[:254],
        answered_at=timezone.now(),
    )
    _record("different", draft, likeness)
    rejudge(draft)
    announce(draft)
    return draft


def record_pairs(person: Person, photos: Sequence[EnrolmentPhoto]) -> int:
    """Keep the answers of a draft that is being confirmed as ``person``; returns how many pairs."""
    faces = [face.pk for photo in photos if (face := photo.chosen_face) is not None]
    answered = Likeness.objects.filter(
        face__in=faces, is_different=True, person__status__in=Person.LIVING
    ).exclude(person=person)
    strongest = {
        likeness.person_id: likeness
        for likeness in answered.select_related("face").order_by("score")
    }
    for other_id, likeness in strongest.items():
        first_id, second_id = sorted((person.pk, other_id))
        LookalikePair.objects.update_or_create(
            first_id=first_id,
            second_id=second_id,
            defaults={
                "space_id": likeness.face.space_id,
                "score": likeness.score,
                "answer": LookalikePair.Answer.DIFFERENT,
                "answered_by": likeness.answered_by,
                "answered_at": likeness.answered_at,
            },
        )
    return len(strongest)


def _asked(enrolment: Enrolment, person_id: UUID) -> tuple[Enrolment, Likeness]:
    """The locked draft and the strongest open likeness to this person, whom the actor may see:
    nobody compares with a face that is not shown to them."""
    actor = require("people.manage")
    require_edit(enrolment)
    draft = lock_draft(enrolment)
    likeness = (
        _of_draft(draft)
        .filter(person_id=person_id, is_different=False, person__status__in=Person.LIVING)
        .select_related("person")
        .first()
    )
    if likeness is None or not is_within(actor.scope, likeness.person):
        raise NotFound("This was answered already, or the photo was removed. Look at the list.")
    return draft, likeness


def _of_draft(draft: Enrolment) -> models.QuerySet[Likeness]:
    return Likeness.objects.filter(face__photo__enrolment=draft)


def _record(
    answer: str, draft: Enrolment, likeness: Likeness, *, former: UUID | None = None
) -> None:
    record(
        f"enrolment.lookalike.{answer}",
        target=draft,
        before={"person": str(former)} if former else None,
        after={
            "person": str(likeness.person_id),
            "score": round(likeness.score, 4),
            "threshold": round(likeness.threshold, 4),
        },
    )
