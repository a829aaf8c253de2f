"""Beginning and ending a roll-call. Public surface: ``start_muster``, ``end_muster``."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import Actor, require
from portal.core.errors import DomainError
from portal.jobs.dispatch import ring_on_commit
from portal.muster.models import MusterEntry, MusterEvent
from portal.muster.selectors import (
    counts_of,
    meeting_cameras,
    present_at,
    reachable_site,
    visible_muster,
)
from portal.muster.services.writing import locked, tell

__all__ = ["end_muster", "start_muster"]


def start_muster(site_id: UUID, *, is_drill: bool, camera_ids: Iterable[UUID] = ()) -> MusterEvent:
    """Freeze who is on the site now; from here on the list stands by itself."""
    try:
        return _start(site_id, is_drill=is_drill, camera_ids=frozenset(camera_ids))
    except IntegrityError as error:
        raise DomainError(
            "A roll-call is already running at this site. Go on with that one, or end it first.",
            code="muster.running",
            http_status=409,
        ) from error


@transaction.atomic
def _start(site_id: UUID, *, is_drill: bool, camera_ids: frozenset[UUID]) -> MusterEvent:
    actor = require("muster.run")
    site = reachable_site(site_id)
    cameras = list(meeting_cameras(site).filter(pk__in=camera_ids))
    if len(cameras) != len(camera_ids):
        raise DomainError(
            "A camera at the meeting point must be an enabled one of the same site.",
            code="muster.camera",
        )
    event = MusterEvent.objects.create(site=site, is_drill=is_drill, started_by_id=_user_id(actor))
    event.safe_cameras.set(cameras)
    MusterEntry.objects.bulk_create(
        [
            MusterEntry(
                event=event,
                person=each.person,
                department_id=each.person.department_id,
                last_place=each.place[:120],
                last_seen_at=each.seen_at,
                is_unsure=each.is_unsure,
            )
            for each in present_at(site.pk, event.created_at)
        ],
        batch_size=500,
    )
    record(
        "muster.started",
        target=event,
        after={
            "site": str(site.pk),
            "is_drill": is_drill,
            "cameras": sorted(str(camera.pk) for camera in cameras),
            "people": event.entries.count(),
        },
    )
    tell(event)
    ring_on_commit("muster.follow")
    return event


@transaction.atomic
def end_muster(muster_id: UUID, *, note: str = "") -> MusterEvent:
    actor = require("muster.run")
    event = locked(visible_muster(muster_id).pk)
    if event.ended_at is not None:
        raise DomainError("This roll-call is already over.", code="muster.over", http_status=409)
    event.ended_at = timezone.now()
    event.ended_by_id = _user_id(actor)
    event.note = note.strip()[:500]
    event.save(update_fields=["ended_at", "ended_by", "note"])
    counts = counts_of([event]).get(event.pk)
    record(
        "muster.ended",
        target=event,
        after={"missing": counts.missing, "safe": counts.safe} if counts else {},
    )
    tell(event)
    return event


def _user_id(actor: Actor) -> int | None:
    return int(actor.id) if actor.kind == "user" else None
