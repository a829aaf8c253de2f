"""What the recognition worker found in a photo, written down with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto, Likeness
from portal.enrolment.services.draft import announce, data_key_of
from portal.enrolment.services.rejudge import rejudge
from portal.jobs.dispatch import dispatch
from portal.people.models import LookalikePair, Person
from portal.people.vectors import seal_vector

__all__ = [
    "ExaminedFace",
    "Resembled",
    "examination_failed",
    "record_examination",
    "redispatch_waiting",
]

_OVERDUE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Resembled:
    """A person of the gallery whom a face reaches the threshold of."""

    person_id: str
    score: float
    threshold: float


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedFace:
    """One face in a photo. ``issues`` are ``{"code", "text"}``; ``nearest_id`` is the most similar
    person of the gallery, and ``is_match`` whether the rule in force would name that person.
    ``resembles`` are all whom the face is similar enough to, though it be to two alike."""

    box: list[float]
    quality: Mapping[str, Any]
    issues: Sequence[Mapping[str, str]]
    portrait_key: str
    aligned_key: str
    vector: NDArray[np.float32]
    nearest_id: str | None
    nearest_score: float | None
    is_match: bool
    pose: str = ""
    resembles: Sequence[Resembled] = ()


@transaction.atomic
def record_examination(
    photo_id: UUID, *, space_id: str, dimension: int, faces: Sequence[ExaminedFace]
) -> EnrolmentPhoto | None:
    """None where the photo was dropped or examined meanwhile: a second delivery changes nothing."""
    photo = _waiting(photo_id)
    if photo is None:
        return None
    draft = photo.enrolment
    rows = [
        EnrolmentFace(
            photo=photo,
            position=position,
            box=face.box,
            quality=dict(face.quality),
            issues=[dict(issue) for issue in face.issues],
            portrait_key=face.portrait_key,
            aligned_key=face.aligned_key,
            space_id=space_id,
            pose=face.pose,
            sealed_vector=seal_vector(
                face.vector, dimension=dimension, data_key=data_key_of(draft)
            ),
        )
        for position, face in enumerate(faces)
    ]
    EnrolmentFace.objects.bulk_create(rows)
    _note_likenesses(draft, rows, faces)
    photo.state = EnrolmentPhoto.State.EXAMINED
    photo.save(update_fields=["state"])
    rejudge(draft)
    announce(draft)
    photo.refresh_from_db()
    return photo


def _note_likenesses(
    draft: Enrolment, rows: Sequence[EnrolmentFace], faces: Sequence[ExaminedFace]
) -> None:
    """Somebody of whom it was said before that they are two is not asked about again."""
    resembled = [
        (row, one) for row, face in zip(rows, faces, strict=True) for one in face.resembles
    ]
    wanted = {UUID(one.person_id) for _, one in resembled} - {draft.person_id}
    # Whom the index still knew and who was erased meanwhile is nobody.
    present = set(
        Person.objects.filter(pk__in=wanted, status__in=Person.LIVING).values_list("pk", flat=True)
    )
    answered = _answered(draft, present)
    Likeness.objects.bulk_create(
        Likeness(
            face=row,
            person_id=UUID(one.person_id),
            score=one.score,
            threshold=one.threshold,
            is_different=UUID(one.person_id) in answered,
            answered_by=answered.get(UUID(one.person_id), ("", None))[0],
            answered_at=answered.get(UUID(one.person_id), ("", None))[1],
        )
        for row, one in resembled
        if UUID(one.person_id) in present
    )


def _answered(draft: Enrolment, people: set[UUID]) -> dict[UUID, tuple[str, datetime | None]]:
    """Who of them is known to be another: from this draft, or from an earlier day."""
    found: dict[UUID, tuple[str, datetime | None]] = {}
    if draft.person_id is not None:
        pairs = LookalikePair.objects.filter(
            Q(first_id=draft.person_id, second_id__in=people)
            | Q(second_id=draft.person_id, first_id__in=people),
            answer=LookalikePair.Answer.DIFFERENT,
        )
        for pair in pairs:
            other = pair.second_id if pair.first_id == draft.person_id else pair.first_id
            found[other] = (pair.answered_by, pair.answered_at)
    said = Likeness.objects.filter(
        face__photo__enrolment=draft, person__in=people, is_different=True
    )
    for like in said:
        found[like.person_id] = (like.answered_by, like.answered_at)
    return found


@transaction.atomic
def examination_failed(photo_id: UUID, message: str) -> None:
    photo = _waiting(photo_id)
    if photo is None:
        return
    photo.state = EnrolmentPhoto.State.FAILED
    photo.verdict, photo.message = EnrolmentPhoto.Verdict.UNREADABLE, message[:500]
    photo.save(update_fields=["state", "verdict", "message"])
    announce(photo.enrolment)


def redispatch_waiting() -> int:
    """Ask again for examinations whose task was lost; returns how many."""
    ids = list(
        EnrolmentPhoto.objects.filter(
            state=EnrolmentPhoto.State.QUEUED,
            enrolment__state=Enrolment.State.DRAFT,
            created_at__lt=timezone.now() - _OVERDUE,
        ).values_list("id", flat=True)[:100]
    )
    for photo_id in ids:
        dispatch("enrolment.examine", str(photo_id))
    return len(ids)


def _waiting(photo_id: UUID) -> EnrolmentPhoto | None:
    """The photo, its draft locked before it, as everybody does who changes a draft."""
    waiting = EnrolmentPhoto.objects.filter(pk=photo_id, state=EnrolmentPhoto.State.QUEUED)
    draft_id = waiting.values_list("enrolment_id", flat=True).first()
    if draft_id is None:
        return None
    Enrolment.objects.select_for_update().filter(pk=draft_id).first()
    return waiting.select_for_update(of=("self",)).select_related("enrolment").first()
