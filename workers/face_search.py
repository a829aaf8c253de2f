"""Searching past visits by a face: the photo's faces, and the comparison with what is kept.

Scores are taken about the mean of everybody enrolled, as thresholds expect it. The threshold is
that of a gallery of as many people as visits are compared: the more there are, the likelier is a
stranger who resembles by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from portal.core.vault import VaultError, key_ids_of, vault
from portal.engines.selectors import policy_in_force
from portal.facesearch.services import (
    Answer,
    FoundFace,
    Question,
    answer,
    fail,
    keep_faces,
    question,
)
from portal.people.selectors import gallery_members, gallery_vectors
from portal.sightings.models import VisitVector
from portal.sightings.services.visits import open_visit_vector
from recognition.contracts import Vectors
from recognition.errors import RecognitionError
from recognition.geometry.centring import centred
from recognition.images import encode_jpeg
from recognition.index import fuse_templates
from workers.engine_host import EngineHost

__all__ = ["search_faces"]

logger = structlog.get_logger(__name__)

# As many as are opened and compared at a time, and as many as anybody looks through.
PART: Final = 2000
MOST_FOUND: Final = 100
# Of a picture of a crowd those that are large enough to be meant.
MOST_FACES: Final = 12


def search_faces(host: EngineHost, search_id: UUID) -> None:
    """Does nothing for a search that was answered or forgotten meanwhile."""
    try:
        asked = question(search_id, host.space)
        if asked is not None and asked.photo is not None:
            asked = _look(host, asked, asked.photo)
    except VaultError as error:
        fail(search_id, error.message)
        return
    if asked is None:
        return
    if not asked.probes:
        fail(
            search_id,
            "Nothing is kept any more by which this face could be compared. Search with a photo.",
        )
        return
    answer(search_id, _compare(host, asked))


def _look(host: EngineHost, asked: Question, photo: bytes) -> Question | None:
    """The question by the photo's one face; None where somebody has to choose, or there is none."""
    outcome = host.engine.analyse([photo])[0]
    if isinstance(outcome, RecognitionError):
        fail(asked.id, outcome.message)
        return None
    if not outcome.faces:
        fail(asked.id, "No face was found in the photo. Choose one in which the face is larger.")
        return None
    faces = [
        FoundFace(vector=face.embedding, portrait_jpeg=encode_jpeg(face.portrait))
        for face in outcome.faces[:MOST_FACES]
    ]
    return question(asked.id, host.space) if keep_faces(asked.id, faces, host.space) else None


def _compare(host: EngineHost, asked: Question) -> Answer:
    mean = host.engine.site_mean(_templates(host))
    probes = centred(np.stack(asked.probes).astype(np.float32), mean=mean)
    scores: list[tuple[float, UUID]] = []
    for ids, vectors in _parts(host.space.id, asked):
        # Whichever of a stranger's visits resembles most.
        best = (centred(vectors, mean=mean) @ probes.T).max(axis=1)
        scores += zip(best.tolist(), ids, strict=True)
    policy = policy_in_force(len(scores), space_id=host.space.pk)
    floor = policy.threshold - policy.grey_band
    found = sorted((one for one in scores if one[0] >= floor), reverse=True)[:MOST_FOUND]
    return Answer(
        results=[(visit, score) for score, visit in found],
        compared=len(scores),
        threshold=policy.threshold,
        grey_band=policy.grey_band,
    )


def _parts(space_id: str, asked: Question) -> Iterator[tuple[list[UUID], Vectors]]:
    """The vectors of all visits that may be compared, some at a time."""
    rows = VisitVector.objects.filter(space=space_id).exclude(visit__in=asked.known_visits)
    if asked.site_ids is not None:
        rows = rows.filter(visit__site__in=asked.site_ids)
    after: UUID | None = None
    while True:
        part = rows.filter(visit_id__gt=after) if after else rows
        found = list(part.order_by("visit_id").values_list("visit_id", "sealed_vector")[:PART])
        if not found:
            return
        after = found[-1][0]
        vault().keys.load(key_ids_of(sealed for _, sealed in found))
        opened = [
            (visit, vector)
            for visit, sealed in found
            if (vector := _open(sealed, visit)) is not None
        ]
        if opened:
            yield [visit for visit, _ in opened], np.stack([vector for _, vector in opened])


def _open(sealed: bytes | memoryview, visit_id: UUID) -> NDArray[np.float32] | None:
    try:
        return open_visit_vector(sealed)
    except VaultError as error:
        logger.warning("visit_vector_unreadable", visit=str(visit_id), code=error.code)
        return None


def _templates(host: EngineHost) -> Vectors:
    """One vector a person enrolled, ``(N, D) float32``."""
    members = list(gallery_members(host.space.id))
    vectors = gallery_vectors(host.space.id, members)
    if not vectors:
        return np.zeros((0, host.space.dimension), np.float32)
    return np.stack([fuse_templates(np.stack(vectors[person])) for person in sorted(vectors)])
