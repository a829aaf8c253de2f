"""The fused vectors of visits, sealed. Public surface: ``drop_vectors``, ``save_vectors``."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from portal.sightings.models import Visit, VisitVector
from portal.sightings.services.visits.opening import seal_visit_vector

__all__ = ["drop_vectors", "save_vectors"]


def save_vectors(vectors: Mapping[UUID, NDArray[np.float32]], *, space_id: str) -> None:
    """Write these or write them over."""
    if not vectors:
        return
    VisitVector.objects.bulk_create(
        [
            VisitVector(visit_id=pk, space_id=space_id, sealed_vector=seal_visit_vector(vector))
            for pk, vector in vectors.items()
        ],
        update_conflicts=True,
        update_fields=["space", "sealed_vector"],
        unique_fields=["visit"],
    )


def drop_vectors(visits: QuerySet[Visit]) -> int:
    """Delete the vectors of these visits, which keep what was decided by them."""
    return VisitVector.objects.filter(visit__in=visits.order_by().values("pk")).delete()[0]
