"""What the streams saw of visits, written down. Public surface: ``write_visits``."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from portal.cameras.models import Camera
from portal.sightings.services.visits.contracts import RuleInForce, VisitUpdate, VisitWritten
from portal.sightings.services.visits.writer import VisitWriter

__all__ = ["write_visits"]


@transaction.atomic
def write_visits(updates: Sequence[VisitUpdate], rule: RuleInForce) -> list[VisitWritten | None]:
    """One short transaction for all that a pass over the cameras' frames changed; answers in the
    order of ``updates``, of which there is at least one; None for a camera that was deleted
    meanwhile. For workers."""
    writer = VisitWriter(
        {update.site_id for update in updates},
        first=min(update.first_at for update in updates),
        last=max(update.last_at for update in updates),
        rule=rule,
    )
    writer.prepare(updates)
    cameras = Camera.objects.filter(pk__in={update.camera_id for update in updates})
    living = set(cameras.values_list("pk", flat=True))
    written = [writer.apply(update) if update.camera_id in living else None for update in updates]
    writer.save()
    return written
