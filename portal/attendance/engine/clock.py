"""Wall time to instants and back. Instants are UTC; only the name of a day is local.

Public surface: ``instant_of``, ``local_date``, ``has_date``, ``as_utc``, ``whole_minutes``,
``earliest_mark``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from portal.attendance.engine.errors import InvalidRule

__all__ = ["as_utc", "earliest_mark", "has_date", "instant_of", "local_date", "whole_minutes"]

MINUTE = timedelta(minutes=1)
_NOON = time(12)


def instant_of(day: date, wall: time, zone: tzinfo) -> datetime:
    """A time that comes twice is the first one; one that is skipped moves forward by the gap."""
    return datetime.combine(day, wall, zone).astimezone(UTC)


def local_date(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


def has_date(day: date, zone: tzinfo) -> bool:
    """False for a date that a zone leapt over, as Samoa did with 30 December 2011."""
    return local_date(instant_of(day, _NOON, zone), zone) == day


def as_utc(at: datetime, field: str) -> datetime:
    """The same instant in UTC. Differences of one ZoneInfo would be differences of wall time."""
    if at.utcoffset() is None:
        raise InvalidRule(field, at.isoformat(), "an instant with its offset from UTC")
    return at.astimezone(UTC)


def whole_minutes(length: timedelta) -> int:
    return length // MINUTE


def earliest_mark(marks: Iterable[datetime | None], *, now: datetime) -> datetime | None:
    """Until when everything is known, from one mark per camera: None if one never reported.

    Where no camera feeds a person's days there is nothing to wait for.
    """
    earliest = now
    for mark in marks:
        if mark is None:
            return None
        earliest = min(earliest, mark)
    return earliest
