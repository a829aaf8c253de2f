"""Registrations by face whose name is told by people. Public surface: ``kiosk_passages``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from uuid import UUID

from portal.attendance.passages import Passage
from portal.kiosk.models import KioskEvent

__all__ = ["kiosk_passages"]


def kiosk_passages(visit_ids: Collection[UUID]) -> Iterator[Passage]:
    """Of those events alone that remember their visit (``portal.kiosk.services.settle``)."""
    events = KioskEvent.objects.filter(visit__in=visit_ids, punch=None)
    for event in events.select_related("kiosk__camera").order_by("at", "id"):
        assert event.visit_id is not None  # noqa: S101 - for mypy: they were asked for by it
        yield Passage(
            visit_id=event.visit_id,
            camera_id=event.kiosk.camera_id,
            at=event.at,
            received_at=event.created_at,
            direction=event.direction,
            place=event.kiosk.camera.name,
            idempotency_key=event.punch_key,
        )
