"""Counting what cameras yield, hour by hour, by several processes at once.

Public surface: ``count_yields``, ``add_to_hours`` with ``Addition``, ``add_online``,
``forget_old_hours``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.cameras.contracts import CameraYield
from portal.cameras.models import Camera, CameraHour

__all__ = [
    "KEEP_HOURS",
    "Addition",
    "add_online",
    "add_to_hours",
    "count_yields",
    "forget_old_hours",
]

# A year and a month, so that a month can be compared with the same one of the year before.
KEEP_HOURS: Final = timedelta(days=400)

_WRITTEN: Final = [*CameraHour.COUNTS, "losses", "online_s", "decode_errors", "reconnects"]


@dataclass(frozen=True, slots=True)
class Addition:
    """What is to be added to a camera's hour: counts by column, and losses by reason."""

    camera_id: UUID
    at: datetime
    counts: Mapping[str, int]
    losses: Mapping[str, int] = field(default_factory=dict)


def count_yields(yields: Sequence[CameraYield]) -> None:
    """Add these to the hours they belong to. Yields of a camera that is gone are passed over."""
    add_to_hours(
        Addition(
            one.camera_id,
            one.at,
            {name: getattr(one, name) for name in CameraHour.COUNTS},
            one.losses,
        )
        for one in yields
    )


@transaction.atomic
def add_to_hours(additions: Iterable[Addition]) -> None:
    """The rows are locked while they are added to, always in the same order, so two processes
    neither lose counts nor wait for each other for good."""
    sums: dict[tuple[UUID, datetime], Counter[str]] = {}
    losses: dict[tuple[UUID, datetime], Counter[str]] = {}
    for one in additions:
        if any(one.counts.values()) or one.losses:
            key = (one.camera_id, _hour_of(one.at))
            sums.setdefault(key, Counter()).update(one.counts)
            losses.setdefault(key, Counter()).update(one.losses)
    living = set(
        Camera.objects.filter(pk__in={camera_id for camera_id, _ in sums}).values_list(
            "pk", flat=True
        )
        if sums
        else ()
    )
    keys = sorted(key for key in sums if key[0] in living)
    if not keys:
        return
    CameraHour.objects.bulk_create(
        [CameraHour(camera_id=camera_id, hour=hour) for camera_id, hour in keys],
        ignore_conflicts=True,
    )
    found = CameraHour.objects.select_for_update().filter(
        camera__in=living, hour__in={hour for _, hour in keys}
    )
    rows = [row for row in found.order_by("camera_id", "hour") if (row.camera_id, row.hour) in sums]
    for row in rows:
        key = (row.camera_id, row.hour)
        for name, number in sums[key].items():
            setattr(row, name, getattr(row, name) + number)
        row.losses = dict(Counter(row.losses) + losses[key])
    # The rows are there and locked, so every one of them "conflicts" and is updated.
    CameraHour.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["camera", "hour"], update_fields=_WRITTEN
    )


def add_online(camera_id: UUID, at: datetime, seconds: int) -> None:
    """``add_to_hours`` for one number, in one statement where the hour has begun already."""
    begun = CameraHour.objects.filter(camera=camera_id, hour=_hour_of(at))
    if not begun.update(online_s=F("online_s") + seconds):
        add_to_hours([Addition(camera_id, at, {"online_s": seconds})])


def forget_old_hours() -> int:
    """Delete the hours that are past ``KEEP_HOURS``; returns how many."""
    deleted, _ = CameraHour.objects.filter(hour__lt=timezone.now() - KEEP_HOURS).delete()
    return deleted


def _hour_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
