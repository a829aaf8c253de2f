"""Forgetting searches after their day, and ringing again for those whose worker was lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.core.vault import vault
from portal.facesearch.models import FaceSearch, SearchedFace
from portal.jobs.dispatch import dispatch

__all__ = ["delete_searches", "forget_searches", "ring_again"]

# Longer than any search takes; a repeated one does nothing to an answer that is there.
_LOST_AFTER: Final = timedelta(seconds=30)
_PART: Final = 200


def forget_searches() -> int:
    """Delete those whose time is over; returns how many."""
    return delete_searches(FaceSearch.objects.filter(expires_at__lte=timezone.now()))


def delete_searches(rows: QuerySet[FaceSearch]) -> int:
    """Delete these, pictures included, some at a time; returns how many."""
    count = 0
    while stale := list(rows.order_by("id")[:_PART]):
        with transaction.atomic():
            faces = SearchedFace.objects.filter(search__in=stale)
            keys = [*faces.values_list("portrait_key", flat=True)]
            keys += [row.photo_key for row in stale if row.photo_key]
            FaceSearch.objects.filter(pk__in=[row.pk for row in stale]).delete()
            _forget_blobs(keys)
        count += len(stale)
    return count


def _forget_blobs(keys: list[str]) -> None:
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)


def ring_again() -> int:
    """For searches that wait longer than they should."""
    now = timezone.now()
    waiting = FaceSearch.objects.filter(
        state=FaceSearch.State.QUEUED, created_at__lt=now - _LOST_AFTER, expires_at__gt=now
    )
    ids = list(waiting.values_list("pk", flat=True)[:50])
    for search_id in ids:
        dispatch("faces.search", str(search_id))
    return len(ids)
