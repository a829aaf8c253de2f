"""What the recognition worker asks for and writes down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from portal.audit.services import record
from portal.core.events import ReviewChanged, publish_on_commit
from portal.core.vault import vault
from portal.engines.models import Space
from portal.facesearch.models import FaceSearch, SearchedFace
from portal.sightings.models import VisitVector
from portal.sightings.services.visits import open_visit_vector, seal_visit_vector

__all__ = ["Answer", "FoundFace", "Question", "answer", "fail", "keep_faces", "question"]


@dataclass(frozen=True, slots=True)
class Question:
    """``photo`` is to be looked at first; else ``probes`` are what is searched for."""

    id: UUID
    photo: bytes | None
    probes: tuple[NDArray[np.float32], ...]
    # Visits that show the face by which is searched: they would be found first, and say nothing.
    known_visits: frozenset[UUID]
    site_ids: frozenset[UUID] | None


@dataclass(frozen=True, slots=True)
class FoundFace:
    vector: NDArray[np.float32]
    portrait_jpeg: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """``results`` are visit ids with scores, best first, of ``compared`` visits."""

    results: Sequence[tuple[UUID, float]]
    compared: int
    threshold: float
    grey_band: float


def question(search_id: UUID, space: Space) -> Question | None:
    """None where it was answered or forgotten meanwhile. Raises ``VaultError`` for a lost photo."""
    row = FaceSearch.objects.filter(
        pk=search_id, state=FaceSearch.State.QUEUED, expires_at__gt=timezone.now()
    ).first()
    if row is None:
        return None
    sites = None if row.site_ids is None else frozenset(UUID(one) for one in row.site_ids)
    if row.photo_key:
        return Question(row.pk, vault().get(row.photo_key), (), frozenset(), sites)
    if row.visit_id or row.stranger_id:
        return _of_visits(row, space, sites)
    faces = row.faces.filter(position=row.position or 0, space=space)
    probes = tuple(open_visit_vector(face.sealed_vector) for face in faces)
    return Question(row.pk, None, probes, frozenset(), sites)


def _of_visits(row: FaceSearch, space: Space, sites: frozenset[UUID] | None) -> Question:
    vectors = VisitVector.objects.filter(space=space)
    if row.visit_id:
        vectors = vectors.filter(visit=row.visit_id)
    else:
        vectors = vectors.filter(visit__stranger=row.stranger_id).order_by("-visit_id")
    # A stranger's newest visits say enough of a face.
    found = list(vectors.values_list("visit_id", "sealed_vector")[:50])
    return Question(
        id=row.pk,
        photo=None,
        probes=tuple(open_visit_vector(sealed) for _, sealed in found),
        known_visits=frozenset(visit for visit, _ in found),
        site_ids=sites,
    )


@transaction.atomic
def keep_faces(search_id: UUID, faces: Sequence[FoundFace], space: Space) -> bool:
    """Keep the photo's faces sealed, main face first, and delete the photo. True where there is
    one face only, so that the search can go on."""
    row = _waiting(search_id)
    if row is None:
        return False
    for position, face in enumerate(faces):
        SearchedFace.objects.create(
            search=row,
            position=position,
            portrait_key=vault().put("searches", face.portrait_jpeg),
            space=space,
            sealed_vector=seal_visit_vector(face.vector),
        )
    _drop_photo(row)
    is_clear = len(faces) == 1
    row.position = 0 if is_clear else None
    row.state = FaceSearch.State.QUEUED if is_clear else FaceSearch.State.CHOOSE
    row.save(update_fields=["photo_key", "position", "state"])
    if not is_clear:
        _tell()
    return is_clear


@transaction.atomic
def answer(search_id: UUID, found: Answer) -> None:
    row = _waiting(search_id)
    if row is None:
        return
    row.state, row.finished_at = FaceSearch.State.DONE, timezone.now()
    row.results = [[str(visit), round(score, 4)] for visit, score in found.results]
    row.compared = found.compared
    row.threshold, row.grey_band = found.threshold, found.grey_band
    row.save()
    record(
        "faces.search.answered",
        target=row,
        after={"compared": found.compared, "found": len(found.results)},
    )
    _tell()


@transaction.atomic
def fail(search_id: UUID, message: str) -> None:
    row = _waiting(search_id)
    if row is None:
        return
    _drop_photo(row)
    row.state, row.finished_at = FaceSearch.State.FAILED, timezone.now()
    row.error_message = message[:500]
    row.save()
    record("faces.search.failed", target=row)
    _tell()


def _waiting(search_id: UUID) -> FaceSearch | None:
    rows = FaceSearch.objects.select_for_update().filter(pk=search_id)
    return rows.filter(state=FaceSearch.State.QUEUED).first()


def _drop_photo(row: FaceSearch) -> None:
    if row.photo_key:
        keys = [row.photo_key]
        row.photo_key = ""
        transaction.on_commit(lambda: vault().delete_all(keys), robust=True)


def _tell() -> None:
    publish_on_commit("review", ReviewChanged(type="review.changed"))
