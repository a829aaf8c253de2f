"""Signs of life of tablets. Public surface: ``note_heard``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from portal.cameras.services import note_snapshot, raise_watermarks
from portal.kiosk.models import Kiosk

__all__ = ["note_heard"]

# A tablet says hello every half minute; more often nothing is written.
_RESOLUTION: Final = timedelta(seconds=10)


def note_heard(kiosk: Kiosk, *, sent_at: datetime | None, waiting: int) -> None:
    """``sent_at`` is what its clock said, ``waiting`` how many events it has still to deliver: while
    there are any, the mark of its camera stays where it is."""
    now = timezone.now()
    skew_ms = None if sent_at is None else (sent_at - now).total_seconds() * 1000
    due = Q(last_seen_at=None) | Q(last_seen_at__lte=now - _RESOLUTION) | Q(last_seen_at__gt=now)
    if not Kiosk.objects.filter(due, pk=kiosk.pk).update(last_seen_at=now, skew_ms=skew_ms):
        return
    note_snapshot(kiosk.camera, at=now)
    if not waiting:
        raise_watermarks({kiosk.camera_id: now})
