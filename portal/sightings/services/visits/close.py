"""Ending visits whose people are gone. Public surface: ``close_visits``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.cameras.contracts import CameraYield
from portal.cameras.losses import counts_of_visit, losses_of_visit
from portal.cameras.models import Camera
from portal.cameras.services import count_yields
from portal.sightings.models import Visit, VisitLeg
from portal.sightings.services.visits.announce import announce_visits
from portal.sightings.services.visits.opening import GAP

__all__ = ["close_visits"]

_AT_ONCE: Final = 500


@transaction.atomic
def close_visits(now: datetime) -> int:
    """End every visit of which nothing was seen for ``GAP``; returns how many. For workers.

    It may be taken up again by another camera of the site, or by a picture that comes late. Cameras
    that send their pictures themselves have it counted here: nobody follows who passes them. What
    streams see is counted by those who follow it.
    """
    ended = Visit.objects.filter(closed_at=None, last_at__lt=now - GAP)
    visits = list(ended.select_for_update(no_key=True).order_by("id")[:_AT_ONCE])
    Visit.objects.filter(pk__in=[visit.pk for visit in visits]).update(
        closed_at=now, changed_at=timezone.now()
    )
    if visits:
        _count_snapshots(visits)
    announce_visits(visits)
    return len(visits)


def _count_snapshots(visits: Sequence[Visit]) -> None:
    """To the hours of each such camera that saw somebody of these, once for a visit."""
    by_id = {visit.pk: visit for visit in visits}
    legs = list(
        VisitLeg.objects.filter(visit__in=by_id, is_counted=False)
        .exclude(camera__kind__in=Camera.LIVE)
        .order_by("id")
    )
    if not legs:
        return
    count_yields([_yield_of(leg, by_id[leg.visit_id]) for leg in legs])
    VisitLeg.objects.filter(pk__in=[leg.pk for leg in legs]).update(is_counted=True)


def _yield_of(leg: VisitLeg, visit: Visit) -> CameraYield:
    return CameraYield(
        leg.camera_id,
        leg.last_at,
        **counts_of_visit(visit.decision, is_usable=visit.faces_usable > 0),
        losses=losses_of_visit(visit.reason),
    )
