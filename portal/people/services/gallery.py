"""Writes to the gallery: templates exist only under an active consent, and never in the clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.engines.models import Space
from portal.people.consents import active_consents
from portal.people.models import FaceImage, FaceTemplate, Person
from portal.people.services.revision import bump_gallery_revision
from portal.people.vectors import seal_vector

__all__ = ["NewFace", "add_face", "person_key"]


@dataclass(frozen=True, slots=True, eq=False)
class NewFace:
    """A face that is to become part of the gallery.

    ``vector`` is ``(D,) float32``, unit length, in ``space``; the keys name vault blobs, sealed
    with the person's data key (``person_key``), that the gallery takes over; ``quality`` holds the measured components as numbers.
    """

    vector: NDArray[np.float32]
    space: Space
    portrait_key: str
    aligned_key: str
    source: str
    photo_sha256: str
    file_name: str
    quality: Mapping[str, Any]
    pose: str = ""


@transaction.atomic
def add_face(person: Person, face: NewFace) -> FaceImage:
    """Add one photo's face to ``person``; the very same photo twice is one photo.

    Raises ``DomainError`` ``consent.missing`` where no active consent covers the person.
    """
    require("people.manage")
    if not active_consents().filter(person=person).exists():
        raise DomainError(
            f"No consent is recorded for {person.name}, so no template may be made. Record the "
            "consent first.",
            code="consent.missing",
            http_status=409,
        )
    image, created = FaceImage.objects.get_or_create(
        person=person,
        photo_sha256=face.photo_sha256,
        defaults={
            "portrait_key": face.portrait_key,
            "aligned_key": face.aligned_key,
            "source": face.source,
            "file_name": face.file_name[:200],
            "pose": face.pose,
            "quality": dict(face.quality),
            "quality_score": float(face.quality.get("score", 0.0)),
        },
    )
    if not created and image.state != FaceImage.State.REMOVED:
        return image
    if not created:
        # Deleted lately and still kept for the journal: the same row comes back into use.
        image.state, image.state_reason = FaceImage.State.ACTIVE, ""
        image.save(update_fields=["state", "state_reason"])
        image.templates.filter(space=face.space).delete()
    FaceTemplate.objects.create(
        image=image,
        person=person,
        space=face.space,
        sealed_vector=seal_vector(
            face.vector, dimension=face.space.dimension, data_key=person_key(person)
        ),
    )
    revision = bump_gallery_revision()
    record(
        "people.photo.added",
        target=person,
        after={"image": str(image.pk), "source": face.source, "revision": revision},
    )
    return image


def person_key(person: Person) -> UUID:
    """The data key that seals all that is kept of this person's face; made when first needed."""
    if person.data_key_id is None:
        locked = Person.objects.select_for_update().get(pk=person.pk)
        if locked.data_key_id is None:
            locked.data_key_id = vault().keys.create()
            locked.save(update_fields=["data_key"])
        person.data_key_id = locked.data_key_id
    return person.data_key_id
