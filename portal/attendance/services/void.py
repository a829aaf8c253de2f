"""Striking punches: the row stays, with who did it and why. Public surface: ``void_punch``."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal.attendance.models import Punch
from portal.attendance.services.stale import mark_around

__all__ = ["void_punch"]


@transaction.atomic
def void_punch(
    punch: Punch, *, reason: str, by: str = "", superseded_by: Punch | None = None
) -> Punch:
    """It counts no longer, and the days are computed anew; one that is void already stays as it
    is. Asks for no right."""
    row = Punch.objects.select_for_update(no_key=True).get(pk=punch.pk)
    if row.voided_at is not None:
        return row
    row.voided_at, row.voided_by, row.void_reason = timezone.now(), by[:254], reason[:300]
    row.superseded_by = superseded_by
    row.save(update_fields=["voided_at", "voided_by", "void_reason", "superseded_by"])
    mark_around([(row.person_id, row.at)], cause="punch_voided")
    return row
