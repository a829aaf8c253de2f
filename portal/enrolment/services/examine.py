"""What the recognition worker found in a photo, written down with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto
from portal.enrolment.services.draft import announce, data_key_of
from portal.enrolment.verdicts import judge
from portal.jobs.dispatch import dispatch
from portal.people.models import Person
from portal.people.vectors import seal_vector

__all__ = ["ExaminedFace", "examination_failed", "record_examination", "redispatch_waiting"]

_OVERDUE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedFace:
    """One face in a photo. ``issues`` are ``{"code", "text"}``; ``nearest_id`` is the most similar
    person of the gallery, and ``is_match`` whether the rule in force would name that person."""

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


@transaction.atomic
def record_examination(
    photo_id: UUID, *, space_id: str, dimension: int, faces: Sequence[ExaminedFace]
) -> EnrolmentPhoto | None:
    """None where the photo was dropped or examined meanwhile: a second delivery changes nothing."""
    photo = _waiting(photo_id)
    if photo is None:
        return None
    people = Person.objects.in_bulk([UUID(f.nearest_id) for f in faces if f.nearest_id])
    rows = []
    for position, face in enumerate(faces):
        nearest = people.get(UUID(face.nearest_id)) if face.nearest_id else None
        rows.append(
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
                    face.vector, dimension=dimension, data_key=data_key_of(photo.enrolment)
                ),
                nearest=nearest,
                nearest_score=face.nearest_score if nearest else None,
                is_somebody_else=bool(
                    nearest and face.is_match and nearest.pk != photo.enrolment.person_id
                ),
            )
        )
    EnrolmentFace.objects.bulk_create(rows)
    verdict = judge(rows, chosen=None)
    photo.state = EnrolmentPhoto.State.EXAMINED
    photo.verdict, photo.message, photo.chosen = verdict.code, verdict.message, verdict.chosen
    photo.save(update_fields=["state", "verdict", "message", "chosen"])
    announce(photo.enrolment)
    return photo


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
    return (
        EnrolmentPhoto.objects.select_for_update()
        .select_related("enrolment")
        .filter(pk=photo_id, state=EnrolmentPhoto.State.QUEUED)
        .first()
    )
