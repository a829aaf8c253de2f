"""Up to when kiosks have delivered what they registered. Public surface: ``kiosk_marks``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Coalesce

from portal.attendance.marks import Mark
from portal.kiosk.clock import OLDEST
from portal.kiosk.models import Kiosk

__all__ = ["kiosk_marks"]


def kiosk_marks(site_ids: Collection[UUID] | None, *, now: datetime) -> Iterator[Mark]:
    """Of all kiosks in use: not of those whose camera is switched off, which may deliver nothing
    (``portal.kiosk.services.kiosk_of``). A tablet without a network keeps what is registered at
    it, and that is taken for two weeks: longer than that nobody waits for it."""
    in_use = {"paired_at__isnull": False, "revoked_at": None, "camera__is_enabled": True}
    kiosks = Kiosk.objects.filter(**in_use).order_by()
    if site_ids is not None:
        kiosks = kiosks.filter(camera__site__in=set(site_ids))
    rows = kiosks.annotate(until=Coalesce("camera__status__complete_until", "paired_at"))
    for site_id, name, until in rows.values_list("camera__site", "camera__name", "until"):
        yield Mark(site_id, name, max(until, now - OLDEST))
