"""What the change of the clocks does to a date or a shift, in words.

Public surface: ``change_on``, ``change_within``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.attendance.words import minutes_in_words

__all__ = ["change_on", "change_within"]

_MINUTE = timedelta(minutes=1)


def change_on(day: date, zone: str) -> str:
    """ "The clocks went back by 1 h on this date, which has 25 h."; empty on most dates."""
    here = ZoneInfo(zone)
    begins = datetime.combine(day, time(), here).astimezone(UTC)
    ends = datetime.combine(day + timedelta(days=1), time(), here).astimezone(UTC)
    gained = (ends - begins - timedelta(days=1)) // _MINUTE
    if not gained:
        return ""
    way = "back" if gained > 0 else "forward"
    return (
        f"The clocks went {way} by {minutes_in_words(abs(gained))} on this date, which has "
        f"{minutes_in_words(24 * 60 + gained)}."
    )


def change_within(start: datetime | None, end: datetime | None, zone: str) -> str:
    """For a shift: "22:00 to 06:00 is 8 h by the clock, but this shift had 9 h …"; else empty."""
    if start is None or end is None:
        return ""
    here = ZoneInfo(zone)
    begins, ends = start.astimezone(here), end.astimezone(here)
    by_clock = (ends.replace(tzinfo=None) - begins.replace(tzinfo=None)) // _MINUTE
    real = (end.astimezone(UTC) - start.astimezone(UTC)) // _MINUTE
    if real == by_clock:
        return ""
    way = "back" if real > by_clock else "forward"
    return (
        f"The clocks went {way} during this shift: {begins:%H:%M} to {ends:%H:%M} is "
        f"{minutes_in_words(by_clock)} by the clock, but it had {minutes_in_words(real)}."
    )
