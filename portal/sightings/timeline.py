"""Sightings of one person by day, as the days are named where the person belongs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from django.utils import timezone

from portal.sightings.selectors import FaceView
from portal.ui.times import day_title

__all__ = ["Day", "by_day"]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a time zone with what was seen in it, newest first."""

    day: date
    title: str
    faces: list[FaceView] = field(default_factory=list)


def by_day(faces: Iterable[FaceView], *, zone: str) -> list[Day]:
    """Newest day first, whatever order ``faces`` come in: a picture may be delivered late."""
    where = ZoneInfo(zone)
    today = timezone.localdate(timezone=where)
    days: dict[date, Day] = {}
    newest_first = sorted(faces, key=lambda view: view.face.recognition.captured_at, reverse=True)
    for view in newest_first:
        on = view.face.recognition.captured_at.astimezone(where).date()
        days.setdefault(on, Day(on, day_title(on, today))).faces.append(view)
    return list(days.values())
