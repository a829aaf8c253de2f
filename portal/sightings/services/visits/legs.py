"""The parts of visits that single cameras saw. Public surface: ``Legs``."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from portal.sightings.models import VisitLeg

__all__ = ["Legs"]


class Legs:
    """Gathers what cameras saw of visits, and adds it to the rows at once."""

    def __init__(self) -> None:
        self._added: dict[tuple[UUID, UUID], tuple[datetime, datetime, int]] = {}

    def add(
        self, visit_id: UUID, camera_id: UUID, *, first: datetime, last: datetime, faces: int
    ) -> None:
        known = self._added.get((visit_id, camera_id))
        if known is not None:
            first, last, faces = min(first, known[0]), max(last, known[1]), faces + known[2]
        self._added[visit_id, camera_id] = first, last, faces

    def move(self, gone: UUID, survivor: UUID) -> None:
        for visit, camera in [key for key in self._added if key[0] == gone]:
            first, last, faces = self._added.pop((visit, camera))
            self.add(survivor, camera, first=first, last=last, faces=faces)

    def save(self) -> None:
        if not self._added:
            return
        rows = {
            (leg.visit_id, leg.camera_id): leg
            for leg in VisitLeg.objects.filter(visit__in={visit for visit, _ in self._added})
        }
        fresh, known = [], []
        for key, (first, last, faces) in self._added.items():
            leg = rows.get(key)
            if leg is None:
                visit, camera = key
                leg = VisitLeg(visit_id=visit, camera_id=camera, first_at=first, last_at=last)
                fresh.append(leg)
            else:
                known.append(leg)
            leg.first_at, leg.last_at = min(leg.first_at, first), max(leg.last_at, last)
            leg.faces += faces
        VisitLeg.objects.bulk_create(fresh)
        if known:
            VisitLeg.objects.bulk_create(
                known,
                update_conflicts=True,
                update_fields=["first_at", "last_at", "faces"],
                unique_fields=["id"],
            )
