"""Handing waiting pictures to workers, each to one at a time, for the length of a lease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from portal.jobs.selectors import cancelled_jobs
from portal.sightings.models import Recognition
from portal.sightings.services.complete import PictureFailure, complete_recognitions

__all__ = ["Claimed", "claim_waiting", "release_leases", "waiting_count"]

# Far above the time that a batch takes, far below anybody's patience.
LEASE = timedelta(seconds=30)
# A picture that took a worker down with it twice is not given a third one.
MAX_ATTEMPTS = 3
_COLUMNS = (
    "id",
    "picture_key",
    "attempts",
    "created_at",
    "job_id",
    "source",
    "camera_id",
    "captured_at",
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A picture that this worker, and no other, is to recognise now."""

    id: UUID
    picture_key: str
    waited_ms: float
    captured_at: datetime
    # Of a camera's own picture; None for uploads and those of other programs.
    camera_id: UUID | None


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
        found = list(waiting.only(*_COLUMNS)[:limit])
        refused = _refused(found)
        rows = [row for row in found if row.pk not in refused]
        retried = [row for row in rows if row.attempts]
        fresh = [row for row in rows if not row.attempts]
        chosen = retried[:1] if retried else fresh
        Recognition.objects.filter(pk__in=[row.pk for row in chosen]).update(
            state=Recognition.State.RUNNING,
            lease_owner=owner,
            lease_until=now + LEASE,
            attempts=chosen[0].attempts + 1 if chosen else 0,
        )
    if refused:
        complete_recognitions([], failures=list(refused.values()), owner="")
        if not chosen:
            return claim_waiting(owner, limit=limit)
    return [
        Claimed(
            id=row.pk,
            picture_key=row.picture_key,
            waited_ms=(now - row.created_at).total_seconds() * 1000,
            captured_at=row.captured_at,
            camera_id=row.camera_id if row.source == Recognition.Source.CAMERA else None,
        )
        for row in chosen
    ]


def _refused(rows: Sequence[Recognition]) -> dict[UUID, PictureFailure]:
    """Pictures that no worker is given: tried too often, or of a job that was cancelled."""
    job_ids = {row.job_id for row in rows if row.job_id}
    cancelled = cancelled_jobs(job_ids) if job_ids else frozenset()
    refused = {}
    for row in rows:
        if row.job_id in cancelled:
            refused[row.pk] = PictureFailure(row.pk, "job.cancelled", "The job was cancelled.")
        elif row.attempts >= MAX_ATTEMPTS:
            refused[row.pk] = PictureFailure(
                row.pk,
                "recognition.crashed",
                f"The worker stopped {MAX_ATTEMPTS} times while it looked at this picture.",
            )
    return refused


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
