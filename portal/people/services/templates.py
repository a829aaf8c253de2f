"""Templates of photos that are enrolled already, in another embedding space."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from portal.core.context import require
from portal.engines.models import Space
from portal.people.models import FaceImage, FaceTemplate, Person
from portal.people.services.gallery import person_key
from portal.people.services.revision import bump_gallery_revision
from portal.people.vectors import seal_vector

__all__ = ["add_templates"]


@transaction.atomic
def add_templates(
    vectors: Mapping[UUID, NDArray[np.float32]], *, space: Space, is_announced: bool
) -> int:
    """One template for each image, of its ``(D,) float32`` unit vector in ``space``; returns how
    many were new.

    An image that was erased meanwhile, or whose consent was withdrawn, which takes its templates,
    gets none. Searches in ``space`` see them at once where they are announced. Raises
    ``DomainError`` ``template.invalid`` for a vector that cannot be one, and makes none.
    """
    require("people.manage")
    owners = FaceImage.objects.filter(pk__in=vectors).values("person_id")
    # Whoever withdraws or merges holds the person, too: what is read below stays so.
    people = {
        person.pk: person
        for person in Person.objects.select_for_update().filter(pk__in=owners).order_by("pk")
    }
    rows = list(
        FaceTemplate.objects.filter(image__in=vectors, person__in=people).values_list(
            "image_id", "space_id", "person_id"
        )
    )
    done = {image_id for image_id, space_id, _ in rows if space_id == space.pk}
    templates = [
        FaceTemplate(
            image_id=image_id,
            person_id=person_id,
            space=space,
            sealed_vector=seal_vector(
                vectors[image_id],
                dimension=space.dimension,
                data_key=person_key(people[person_id]),
            ),
        )
        for image_id, person_id in {(one[0], one[2]) for one in rows}
        if image_id not in done
    ]
    FaceTemplate.objects.bulk_create(templates)
    if templates and is_announced:
        bump_gallery_revision()
    return len(templates)
