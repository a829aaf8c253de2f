"""When a report that is mailed by itself is due next. Public surface: ``next_turn``."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.reports.models import SavedReport

__all__ = ["AT", "next_turn"]

# Before anybody comes, and after the nights were computed.
AT: Final = time(6)
_DAY: Final = timedelta(days=1)


def next_turn(rhythm: str, *, zone: str, after: datetime) -> datetime | None:
    """The first six o'clock in ``zone`` after that moment on a day of the rhythm; None for never."""
    if rhythm == SavedReport.Rhythm.NEVER:
        return None
    place = ZoneInfo(zone)
    day = after.astimezone(place).date()
    while True:
        at = datetime.combine(day, AT, place).astimezone(UTC)
        is_day = {
            SavedReport.Rhythm.DAILY: True,
            SavedReport.Rhythm.WEEKLY: day.weekday() == 0,
            SavedReport.Rhythm.MONTHLY: day.day == 1,
        }[SavedReport.Rhythm(rhythm)]
        if is_day and at > after:
            return at
        day += _DAY
