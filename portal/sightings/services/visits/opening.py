"""The visits that may still go on, read and locked for whoever writes to them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from portal.core.vault import VaultError, vault
from portal.organisation.models import Site
from portal.sightings.models import RecognisedFace, Visit, VisitVector
from recognition.visits import OpenVisit, Vote

__all__ = [
    "CROSSING",
    "GAP",
    "VECTOR_PURPOSE",
    "as_open",
    "lock_sites",
    "locked_visits",
    "open_visit",
    "open_visit_vector",
    "seal_visit_vector",
    "visits_around",
    "vote_of",
]

# How long somebody may be out of a camera's sight and come back within the same visit, and how
# long they may take from one camera of a site to another.
GAP: Final = timedelta(seconds=20)
CROSSING: Final = timedelta(seconds=120)

VECTOR_PURPOSE: Final = "visit-vector"
_WHERE_AND_LIKE_WHOM: Final = ("site_id", "vector__space_id", "vector__sealed_vector")
_HOW_IT_STANDS: Final = (
    "pk",
    "last_camera_id",
    "first_at",
    "last_at",
    "person_id",
    "is_confirmed",
    "settled_as",
)


def seal_visit_vector(vector: NDArray[np.float32]) -> bytes:
    return vault().seal(np.asarray(vector, "<f4").tobytes(), purpose=VECTOR_PURPOSE)


def open_visit_vector(sealed: bytes | memoryview) -> NDArray[np.float32]:
    """The ``(D,) float32`` vector that ``seal_visit_vector`` was given."""
    return np.frombuffer(vault().open(bytes(sealed), purpose=VECTOR_PURPOSE), dtype="<f4")


def lock_sites(site_ids: Collection[UUID]) -> None:
    """One writer at a time for each site, so that two never make a visit of one passage each.

    Not against those who only refer to the site. SQLite has one writer anyway.
    """
    sites = Site.objects.select_for_update(no_key=True).filter(pk__in=site_ids).order_by("pk")
    list(sites.values_list("pk", flat=True))


def locked_visits(ids: Collection[UUID]) -> list[Visit]:
    """Locked, so that what a human settles meanwhile is not written over."""
    return list(
        Visit.objects.filter(pk__in=ids)
        .select_related("vector", "best_face")
        # Of the best face only how good it is and whose it is said to be is asked for.
        .defer("best_face__box", "best_face__landmarks", "best_face__candidates")
        .select_for_update(of=("self",), no_key=True)
        .order_by("id")
    )


def visits_around(
    site_ids: Collection[UUID], first: datetime, last: datetime, *, space_id: str
) -> dict[UUID, list[OpenVisit]]:
    """By site, visits that a passage between these instants may belong to, ended or not.

    Only what tells whether it does: at a busy site there are hundreds, of which few are gone on
    with. Those are locked and read whole by ``locked_visits``.
    """
    rows = Visit.objects.filter(
        site__in=site_ids,
        last_at__gte=first - CROSSING,
        first_at__lte=last + CROSSING,
        # Nothing is written before it was seen. Said for the index: it holds a few rows,
        # where the sites hold years.
        changed_at__gte=first - CROSSING,
    ).order_by("id")
    found: dict[UUID, list[OpenVisit]] = {}
    for site_id, space, sealed, *what in rows.values_list(*_WHERE_AND_LIKE_WHOM, *_HOW_IT_STANDS):
        vector = _opened(sealed) if space == space_id else None
        found.setdefault(site_id, []).append(_open(vector, *what))
    return found


def open_visit(visit: Visit, *, space_id: str) -> OpenVisit:
    """What is to be known of it to tell whether a passage belongs to it."""
    return as_open(visit, _vector(visit, space_id))


def as_open(visit: Visit, vector: NDArray[np.float32] | None) -> OpenVisit:
    return _open(vector, *(getattr(visit, name) for name in _HOW_IT_STANDS))


def _open(  # noqa: PLR0917 - the columns of a row, in their order
    vector: NDArray[np.float32] | None,
    visit_id: UUID,
    camera_id: UUID,
    first_at: datetime,
    last_at: datetime,
    person_id: UUID | None,
    is_confirmed: bool,
    settled_as: str,
) -> OpenVisit:
    return OpenVisit(
        id=visit_id,
        last_camera_id=camera_id,
        first_s=first_at.timestamp(),
        last_s=last_at.timestamp(),
        vector=vector,
        name=str(person_id) if person_id else None,
        is_sure=person_id is not None and (is_confirmed or bool(settled_as)),
    )


def vote_of(visit: Visit, known: OpenVisit) -> Vote | None:
    """What was seen of it so far, for whoever takes it up."""
    if known.vector is None:
        return None
    likely = _likely(visit)
    return Vote.restored(
        known.vector,
        usable=visit.faces_usable,
        agreeing={likely: visit.faces_agreeing} if likely else {},
        since_s=known.first_s,
        until_s=known.last_s,
    )


def _likely(visit: Visit) -> str:
    if visit.decision == RecognisedFace.Decision.MATCH and visit.person_id:
        return str(visit.person_id)
    return str(visit.candidates[0][0]) if visit.candidates else ""


def _vector(visit: Visit, space_id: str) -> NDArray[np.float32] | None:
    """None where there is none, or one of another embedding space."""
    row: VisitVector | None = getattr(visit, "vector", None)
    if row is None or row.space_id != space_id:
        return None
    return _opened(row.sealed_vector)


def _opened(sealed: bytes | memoryview) -> NDArray[np.float32] | None:
    try:
        return open_visit_vector(sealed)
    except VaultError:
        return None
