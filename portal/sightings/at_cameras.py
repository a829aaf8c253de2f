"""Faces at cameras, for the pages of the cameras app, which knows of no sightings itself.

Public surface: ``FacesAtCameras``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from statistics import median
from typing import Final
from uuid import UUID

from django.db.models import OuterRef, Subquery

from portal.cameras.models import Camera
from portal.core.context import current_actor
from portal.sightings.models import RecognisedFace, Visit, VisitLeg
from portal.sightings.selectors import faces_within

__all__ = ["FacesAtCameras"]

# A median of fewer says little; of more it is no other.
_LEAST: Final = 10
_MOST: Final = 200


class FacesAtCameras:
    def last_faces(self, camera_ids: Collection[UUID]) -> dict[UUID, int]:
        actor = current_actor()
        if not actor.may("sightings.view"):
            return {}
        # The newest leg is the last of a camera's index: no history is read for it.
        legs = VisitLeg.objects.filter(camera=OuterRef("pk")).order_by("-id")
        best = dict(
            Camera.objects.filter(pk__in=camera_ids)
            .annotate(face=Subquery(legs.values("visit__best_face")[:1]))
            .exclude(face=None)
            .values_list("pk", "face")
        )
        shown = set(
            RecognisedFace.objects.filter(faces_within(actor), pk__in=best.values())
            .exclude(portrait_key="")
            .values_list("pk", flat=True)
        )
        return {camera_id: face_id for camera_id, face_id in best.items() if face_id in shown}

    def median_width_px(self, camera_id: UUID, *, since: datetime) -> float | None:
        boxes = (
            Visit.objects.filter(camera=camera_id, first_at__gte=since)
            .exclude(best_face=None)
            .order_by("-first_at")
            .values_list("best_face__box", flat=True)[:_MOST]
        )
        widths = [float(box[2]) for box in boxes]
        return median(widths) if len(widths) >= _LEAST else None
