"""Making anchors: what was said lastingly of a face, with its vector and its aligned crop.

Both are copies under the installation's own key, since the face is nobody's who is known; the
visit they come from may be deleted. Public surface: ``anchor_visit``, ``refusals_of``.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import structlog
from django.core.exceptions import ObjectDoesNotExist

from portal.core.context import current_actor
from portal.core.vault import VaultError, vault
from portal.people.vectors import seal_vector
from portal.review.models import Anchor, Stranger
from portal.review.services.change import Change
from portal.sightings.models import Visit
from portal.sightings.services.visits import open_visit_vector

__all__ = ["anchor_visit", "refusals_of"]

logger = structlog.get_logger(__name__)


def anchor_visit(
    visit: Visit,
    kind: str,
    change: Change,
    *,
    person_id: UUID | None = None,
    stranger: Stranger | None = None,
) -> Anchor | None:
    """None where nothing is kept any more by which the face would be known again."""
    try:
        vector = visit.vector
    except ObjectDoesNotExist:
        return None
    try:
        plain = open_visit_vector(vector.sealed_vector)
    except VaultError as error:
        logger.warning("visit_vector_unreadable", visit=str(visit.pk), code=error.code)
        return None
    anchor = Anchor.objects.create(
        kind=kind,
        person_id=person_id,
        stranger=stranger,
        visit=visit,
        space_id=vector.space_id,
        sealed_vector=seal_vector(
            plain, dimension=len(plain), data_key=vault().keys.installation()
        ),
        aligned_key=_aligned_copy(visit),
        made_by=current_actor().label[:254],
    )
    change.made(anchor)
    return anchor


def refusals_of(visits: Iterable[Visit], person_id: UUID) -> bool:
    """Whether somebody said of one of these visits that it is not this person."""
    return Anchor.objects.filter(
        kind=Anchor.Kind.NOT_PERSON, person_id=person_id, visit__in=[v.pk for v in visits]
    ).exists()


def _aligned_copy(visit: Visit) -> str:
    """Without it the anchor holds until the model changes, which is better than none."""
    face = visit.best_face
    if face is None or not face.aligned_key:
        return ""
    try:
        return vault().put("aligned", vault().get(face.aligned_key))
    except VaultError as error:
        logger.warning("aligned_crop_unreadable", face=face.pk, code=error.code)
        return ""
