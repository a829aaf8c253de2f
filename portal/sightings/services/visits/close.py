"""Ending visits whose people are gone. Public surface: ``close_visits``."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.sightings.models import Visit
from portal.sightings.services.visits.announce import announce_visits
from portal.sightings.services.visits.opening import GAP

__all__ = ["close_visits"]

_AT_ONCE: Final = 500


@transaction.atomic
def close_visits(now: datetime) -> int:
    """End every visit of which nothing was seen for ``GAP``; returns how many. For workers.

    It may be taken up again by another camera of the site, or by a picture that comes late.
    """
    ended = Visit.objects.filter(closed_at=None, last_at__lt=now - GAP)
    visits = list(ended.select_for_update(no_key=True).order_by("id")[:_AT_ONCE])
    Visit.objects.filter(pk__in=[visit.pk for visit in visits]).update(
        closed_at=now, changed_at=timezone.now()
    )
    announce_visits(visits)
    return len(visits)
