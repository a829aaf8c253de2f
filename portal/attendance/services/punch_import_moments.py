"""From what a file says of a moment to an instant: pure.

Public surface: ``Clock``, ``Unreadable``, ``instant_in``. A time of day that a zone has twice, or
not at all, is refused rather than guessed: an hour more or less is somebody's pay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["Clock", "Unreadable", "instant_in"]

_YEAR_FIRST: Final = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_WALL: Final = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([ap]\.?m\.?)?", re.IGNORECASE
)
_OFFSET: Final = re.compile(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})$", re.IGNORECASE)
# A workbook says midnight where it means a day alone.
_MIDNIGHT: Final = re.compile(r"(.+?)[ T]0{1,2}:00(?::00(?:\.0+)?)?")


class Unreadable(Exception):
    """The text says what was wrong and what is expected."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How to read what a file leaves open."""

    zone: ZoneInfo
    is_month_first: bool = False


def instant_in(text: str, clock: Clock, *, day: str | None = None) -> datetime:
    """The instant, in UTC. ``day`` is the cell of the date, where that is a column of its own.

    Raises ``Unreadable``.
    """
    if day is not None:
        midnight = _MIDNIGHT.fullmatch(day)
        wanted, rest = _day(midnight[1] if midnight else day, clock), text
        if not text:
            raise Unreadable("There is no time of day.")
        # A workbook gives a time of day alone a date of its own making.
        rest = rest.rpartition(" ")[2] if re.match(r"(1899|1900|1904)-", rest) else rest
    else:
        if not text:
            raise Unreadable("There is no time.")
        head, _, rest = text.replace("T", " ", 1).replace("t", " ", 1).partition(" ")
        wanted = _day(head, clock)
        if not rest.strip():
            raise Unreadable(
                f"“{text[:40]}” is a day without a time of day; expected something like "
                "2026-01-31 08:58."
            )
    rest = rest.strip()
    offset = _OFFSET.search(rest)
    wall = _wall(rest[: offset.start()].strip() if offset else rest)
    local = datetime.combine(wanted, wall)
    try:
        at = _with_offset(local, offset[1]) if offset else _in_zone(local, clock.zone)
    except OverflowError:
        raise Unreadable(f"“{text[:40]}” lies outside the calendar.") from None
    # Workbooks count in parts of a day, and so miss a second by some millionths.
    rounded = at + timedelta(microseconds=500)
    return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)


def _day(text: str, clock: Clock) -> date:
    text = text.strip()
    if match := _YEAR_FIRST.fullmatch(text):
        year, _, month, day = match.groups()
    elif match := _YEAR_LAST.fullmatch(text):
        first, mark, second, year = match.groups()
        # Dots are written by people who put the day first.
        is_month_first = clock.is_month_first and mark != "."
        day, month = (second, first) if is_month_first else (first, second)
    else:
        raise Unreadable(f"“{text[:40]}” is no date; expected something like 2026-01-31.")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise Unreadable(
            f"There is no such day as “{text[:40]}”. If the month stands before the day, say so "
            "where the file is uploaded."
        ) from None


def _wall(text: str) -> time:
    match = _WALL.fullmatch(text)
    if match is None:
        raise Unreadable(f"“{text[:40]}” is no time of day; expected something like 08:58.")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if half := match[5]:
        if not 1 <= hour <= 12:
            raise Unreadable(f"There is no such time of day as “{text[:40]}”.")
        hour = hour % 12 + (12 if half[0].lower() == "p" else 0)
    fraction = int((match[4] or "").ljust(6, "0")[:6])
    try:
        return time(hour, minute, second, fraction)
    except ValueError:
        raise Unreadable(f"There is no such time of day as “{text[:40]}”.") from None


def _with_offset(local: datetime, offset: str) -> datetime:
    if offset[0] not in "+-":
        return local.replace(tzinfo=UTC)
    digits = offset[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if ahead > timedelta(hours=14) or int(digits[2:]) > 59:
        raise Unreadable(f"There is no such offset from UTC as “{offset}”.")
    return (local - (ahead if offset[0] == "+" else -ahead)).replace(tzinfo=UTC)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    earlier = local.replace(tzinfo=zone, fold=0)
    later = local.replace(tzinfo=zone, fold=1)
    if earlier.utcoffset() == later.utcoffset():
        return earlier.astimezone(UTC)
    if earlier.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local:
        raise Unreadable(
            f"{local:%H:%M} was twice on {local:%Y-%m-%d} in {zone.key}, since the clock was put "
            f"back. Write which: {local:%H:%M}{_written(earlier)} or {local:%H:%M}{_written(later)}."
        )
    raise Unreadable(
        f"{local:%H:%M} was not at all on {local:%Y-%m-%d} in {zone.key}, since the clock was put "
        "forward over it. Write the time with its offset from UTC, such as "
        f"{local:%H:%M}{_written(earlier)}."
    )


def _written(moment: datetime) -> str:
    offset = f"{moment:%z}"
    return f"{offset[:3]}:{offset[3:5]}"
