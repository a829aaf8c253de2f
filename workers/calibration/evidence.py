"""The searches of this site whose answers are known. Public surface: ``gallery_of``, ``gather``
with ``Gathered``, ``about_the_engines_mean``.

Who somebody is was said by a human, never by the rule that is to be judged: confirmed and assigned
visits are enrolled people's, visits of strangers who were ignored or are watched are strangers'.
A refused name says whom a face is not, and nothing else; it is counted alone until its stranger is
settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import structlog
from django.db.models import Max, QuerySet
from numpy.typing import NDArray

from portal.core.vault import VaultError, key_ids_of, vault
from portal.people.models import FaceImage
from portal.people.selectors import gallery_members, gallery_vectors
from portal.review.models import Anchor, Stranger
from portal.sightings.models import Visit
from portal.sightings.services.visits import open_visit_vector
from recognition.calibration import Evidence, Gallery, Labelled
from recognition.calibration.gallery import leave_one_out, search_enrolled, search_strangers
from workers.engine_host import EngineHost

__all__ = ["Gathered", "about_the_engines_mean", "gallery_of", "gather"]

logger = structlog.get_logger(__name__)

# Of one person: more of their visits tell of these days, not of people.
MOST_VISITS: Final = 40
_PART: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """``evidence`` with what it was made of."""

    evidence: Evidence
    photos: int
    confirmed: int
    refused_names: int


def gallery_of(host: EngineHost) -> Gallery | None:
    """The people enrolled, as the index has them; None for nobody."""
    members = gallery_members(host.space.pk)
    vectors = gallery_vectors(host.space.pk, list(members))
    owners = [person for person in sorted(vectors) for _ in vectors[person]]
    if not owners:
        return None
    rows = np.stack([vector for person in sorted(vectors) for vector in vectors[person]])
    prior = host.engine.site_mean()
    return about_the_engines_mean(
        Gallery.of(rows.astype(np.float32), person_ids=owners, prior_mean=prior)
    )


def about_the_engines_mean(gallery: Gallery) -> Gallery:
    """A model whose thresholds are for plain cosines is not compared about any mean."""
    if gallery.prior_mean.any():
        return gallery
    return replace(gallery, mean=np.zeros_like(gallery.mean))


def gather(host: EngineHost, gallery: Gallery) -> Gathered:
    parts = [leave_one_out(gallery)]
    strangers = _labelled(_visits_of_strangers(host.space.pk), by="stranger_id")
    if strangers is not None:
        parts.append(search_strangers(gallery, strangers))
    enrolled = _labelled(_confirmed(host.space.pk, gallery), by="person_id")
    if enrolled is not None:
        parts.append(search_enrolled(gallery, enrolled))
    return Gathered(
        evidence=parts[0].joined(*parts[1:]),
        photos=len(gallery.references),
        confirmed=0 if enrolled is None else len(enrolled.vectors),
        refused_names=Anchor.objects.filter(
            kind=Anchor.Kind.NOT_PERSON, space_id=host.space.pk
        ).count(),
    )


def _visits_of_strangers(space_id: str) -> list[Visit]:
    settled = (Stranger.State.IGNORED, Stranger.State.WATCHED)
    rows = Visit.objects.filter(stranger__state__in=settled, person=None).exclude(
        settled_as=Visit.Settled.NOT_A_FACE
    )
    return _newest(rows.order_by("stranger_id", "-id"), space_id, by="stranger_id")


def _confirmed(space_id: str, gallery: Gallery) -> list[Visit]:
    """Visits that a human gave their name, but those that a reference may have been taken from: a
    picture is no evidence for itself."""
    settled = (Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED)
    rows = Visit.objects.filter(settled_as__in=settled, person__in=gallery.person_ids.tolist())
    taken = dict(
        FaceImage.objects.filter(source=FaceImage.Source.SIGHTING, state=FaceImage.State.ACTIVE)
        .order_by()
        .values_list("person_id")
        .annotate(last=Max("created_at"))
    )
    visits = _newest(rows.order_by("person_id", "-id"), space_id, by="person_id")
    return [visit for visit in visits if _is_after(visit.first_at, taken.get(visit.person_id))]


def _is_after(moment: datetime, taken_at: datetime | None) -> bool:
    return taken_at is None or moment > taken_at


def _newest(rows: QuerySet[Visit], space_id: str, *, by: str) -> list[Visit]:
    """At most ``MOST_VISITS`` of each, with their vectors."""
    found: list[Visit] = []
    counts: dict[object, int] = {}
    for visit in rows.filter(vector__space_id=space_id).select_related("vector").iterator(_PART):
        whose = getattr(visit, by)
        counts[whose] = counts.get(whose, 0) + 1
        if counts[whose] <= MOST_VISITS:
            found.append(visit)
    return found


def _labelled(visits: Sequence[Visit], *, by: str) -> Labelled | None:
    vectors: list[NDArray[np.float32]] = []
    owners: list[str] = []
    cameras: list[str] = []
    for start in range(0, len(visits), _PART):
        part = visits[start : start + _PART]
        vault().keys.load(key_ids_of(visit.vector.sealed_vector for visit in part))
        for visit, vector in _opened(part):
            vectors.append(vector)
            owners.append(str(getattr(visit, by)))
            cameras.append(str(visit.camera_id))
    return Labelled(np.stack(vectors), owners, cameras) if vectors else None


def _opened(visits: Iterable[Visit]) -> Iterable[tuple[Visit, NDArray[np.float32]]]:
    for visit in visits:
        try:
            yield visit, open_visit_vector(visit.vector.sealed_vector)
        except VaultError as error:
            logger.warning("visit_vector_unreadable", visit=str(visit.pk), code=error.code)
