"""Deleting what is older than its retention: pictures, crops, results, forgotten drafts."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.vault import vault
from portal.sightings.models import RecognisedFace, Recognition

__all__ = ["purge_expired"]

_CHUNK = 500


def purge_expired() -> int:
    """Delete recognitions past ``PICTURE_RETENTION_DAYS`` with their blobs; returns how many."""
    limit = timezone.now() - timedelta(days=settings.PICTURE_RETENTION_DAYS)
    total = 0
    while True:
        ids = list(
            Recognition.objects.filter(created_at__lt=limit)
            .order_by("id")
            .values_list("id", flat=True)[:_CHUNK]
        )
        if not ids:
            break
        keys = [
            *Recognition.objects.filter(pk__in=ids).values_list("picture_key", flat=True),
            *RecognisedFace.objects.filter(recognition__in=ids).values_list(
                "portrait_key", flat=True
            ),
        ]
        # Blobs first: a crash in between leaves rows that the next night finds again, never
        # pictures that no row remembers.
        vault().delete_all(filter(None, keys))
        with transaction.atomic():
            Recognition.objects.filter(pk__in=ids).delete()
        total += len(ids)
    if total:
        record(
            "sightings.purged",
            after={"recognitions": total, "retention_days": settings.PICTURE_RETENTION_DAYS},
        )
    return total
