"""Handing waiting pictures to workers, each to one at a time, for the length of a lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from portal.sightings.models import Recognition
from portal.sightings.services.complete import PictureFailure, complete_recognitions

__all__ = ["Claimed", "claim_waiting", "release_leases", "waiting_count"]

# Far above the time that a batch takes, far below anybody's patience.
LEASE = timedelta(seconds=30)
# A picture that took a worker down with it twice is not given a third one.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Claimed:
    """A picture that this worker, and no other, is to recognise now."""

    id: UUID
    picture_key: str
    waited_ms: float


def claim_waiting(owner: str, *, limit: int) -> list[Claimed]:
    """Up to ``limit`` waiting pictures, oldest first, now leased to ``owner``.

    A picture that was tried before comes alone, so that one which kills its worker cannot take
    good neighbours along again; after ``MAX_ATTEMPTS`` it is failed instead.
    """
    now = timezone.now()
    with transaction.atomic():
        waiting = Recognition.objects.filter(
            Q(state=Recognition.State.QUEUED)
            | Q(state=Recognition.State.RUNNING, lease_until__lt=now)
        ).order_by("id")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True)
        rows = list(waiting.only("id", "picture_key", "attempts", "created_at")[:limit])
        worn_out = [row for row in rows if row.attempts >= MAX_ATTEMPTS]
        retried = [row for row in rows if 0 < row.attempts < MAX_ATTEMPTS]
        fresh = [row for row in rows if row.attempts == 0]
        chosen = retried[:1] if retried else fresh
        Recognition.objects.filter(pk__in=[row.pk for row in chosen]).update(
            state=Recognition.State.RUNNING,
            lease_owner=owner,
            lease_until=now + LEASE,
            attempts=chosen[0].attempts + 1 if chosen else 0,
        )
    if worn_out:
        complete_recognitions(
            [],
            failures=[
                PictureFailure(
                    row.pk,
                    "recognition.crashed",
                    f"The worker stopped {MAX_ATTEMPTS} times while it looked at this picture.",
                )
                for row in worn_out
            ],
            owner="",
        )
        if not chosen:
            return claim_waiting(owner, limit=limit)
    return [
        Claimed(row.pk, row.picture_key, (now - row.created_at).total_seconds() * 1000)
        for row in chosen
    ]


def release_leases(owner: str) -> int:
    """Give back what an earlier process of this name held: it is gone, its name says so.

    A picture it held counts as tried, and is looked at alone the next time.
    """
    return Recognition.objects.filter(state=Recognition.State.RUNNING, lease_owner=owner).update(
        state=Recognition.State.QUEUED, lease_owner="", lease_until=None
    )


def waiting_count() -> int:
    """Pictures that nobody works on (queued, or leased to a worker that fell silent)."""
    return Recognition.objects.filter(
        Q(state=Recognition.State.QUEUED)
        | Q(state=Recognition.State.RUNNING, lease_until__lt=timezone.now())
    ).count()
