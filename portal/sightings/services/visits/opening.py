"""The visits that may still go on, read and locked for whoever writes to them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from django.db.models import QuerySet
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
    return list(_with_parts(Visit.objects.filter(pk__in=ids)))


def visits_around(site_ids: Collection[UUID], first: datetime, last: datetime) -> list[Visit]:
    """Visits of these sites that a passage between these instants may belong to, ended or not."""
    return list(
        _with_parts(
            Visit.objects.filter(
                site__in=site_ids,
                last_at__gte=first - CROSSING,
                first_at__lte=last + CROSSING,
                # Nothing is written before it was seen. Said for the index: it holds a few rows,
                # where the sites hold years.
                changed_at__gte=first - CROSSING,
            )
        )
    )


def _with_parts(visits: QuerySet[Visit]) -> QuerySet[Visit]:
    # Locked, so that what a human settles meanwhile is not written over.
    return (
        visits.select_related("vector", "best_face")
        .select_for_update(of=("self",), no_key=True)
        .order_by("id")
    )


def open_visit(visit: Visit, *, space_id: str) -> OpenVisit:
    """What is to be known of it to tell whether a passage belongs to it."""
    return as_open(visit, _vector(visit, space_id))


def as_open(visit: Visit, vector: NDArray[np.float32] | None) -> OpenVisit:
    return OpenVisit(
        id=visit.pk,
        last_camera_id=visit.last_camera_id,
        first_s=visit.first_at.timestamp(),
        last_s=visit.last_at.timestamp(),
        vector=vector,
        name=str(visit.person_id) if visit.person_id else None,
        is_sure=visit.person_id is not None and (visit.is_confirmed or bool(visit.settled_as)),
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
    try:
        return open_visit_vector(row.sealed_vector)
    except VaultError:
        return None
