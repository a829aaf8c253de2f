"""What the engine makes of one day of times under rules that need not be saved.

Public surface: ``Trial``, ``TrialError``, ``try_day``. Nothing is read from the database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.attendance.engine import (
    Assignment,
    Day,
    Direction,
    PersonInputs,
    Policy,
    Schedule,
    Shift,
    Sighting,
    attendance_days,
)
from portal.schedules.bars import DayBar, bar_of, bar_of_times
from portal.schedules.sentences import duration

__all__ = ["Trial", "TrialError", "try_day"]

# An ordinary Monday, without a change of the clocks anywhere near.
_DATE: Final = date(2026, 5, 4)
_ZONE: Final = ZoneInfo("UTC")
_TIME: Final = re.compile(
    r"(?P<hour>[01]?\d|2[0-3])[:.](?P<minute>[0-5]\d)\s*(?P<way>in|out)?", re.IGNORECASE
)
_MOST_TIMES: Final = 40
_WAYS: Final = {"in": Direction.IN, "out": Direction.OUT}


class TrialError(ValueError):
    """Times that cannot be read; says what was wrong, and what is expected."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The rows that the times of one day make; most often there is one."""

    days: tuple[Day, ...]
    bar: DayBar

    @property
    def day(self) -> Day:
        return self.days[0]

    @property
    def words(self) -> str:
        return _words(self.day)


def try_day(
    text: str, *, policy: Policy, start: time, end: time, flexible_minutes: int | None = None
) -> Trial:
    """``text`` has the times of the day: ``08:57 in, 12:00 out, 12:31, 17:05``. One that is
    earlier than the one before it is of the next day. Raises ``TrialError`` and ``InvalidRule``.
    """
    shift = Shift(
        name="shift",
        start=start,
        end=end,
        zone=_ZONE,
        flexible_minutes=flexible_minutes,
        policy=policy,
    )
    later = datetime.combine(_DATE + timedelta(days=9), time(0), UTC)
    inputs = PersonInputs(
        zone=_ZONE,
        now=later,
        watermark=later,
        schedule=Schedule((Assignment((shift,), first=_DATE, last=_DATE),)),
        sightings=tuple(_sightings(text, start)),
    )
    days = attendance_days(inputs, first=_DATE - timedelta(days=1), last=_DATE + timedelta(days=1))
    # The shift's own row first: the one that was asked about.
    ordered = tuple(sorted(days, key=lambda day: (day.shift is None, day.work_date)))
    bar = bar_of(
        "The shift",
        start=start,
        end=end,
        flexible_minutes=flexible_minutes,
        break_window=policy.break_window,
    )
    sessions = [
        (session.start.time(), session.end.time())
        for day in ordered
        for session in day.sessions
        if session.minutes
    ]
    return Trial(ordered, bar_of_times(bar, sessions, words=_words(ordered[0])))


def _sightings(text: str, start: time) -> list[Sighting]:
    parts = [part.strip() for part in re.split(r"[,;\n]+", text) if part.strip()]
    if len(parts) > _MOST_TIMES:
        raise TrialError(f"{len(parts)} times are more than a day has. Give at most {_MOST_TIMES}.")
    found: list[Sighting] = []
    day, before = _DATE, None
    for part in parts:
        match = _TIME.fullmatch(part)
        if match is None:
            raise TrialError(
                f"“{part[:20]}” is no time. Write hours and minutes, and “in” or “out” if the "
                "camera tells it: 08:57 in, 17:05 out."
            )
        wall = time(int(match["hour"]), int(match["minute"]))
        if before is None:
            day = _first_date(wall, start)
        elif wall < before:
            day += timedelta(days=1)
        before = wall
        way = _WAYS.get((match["way"] or "").lower(), Direction.UNKNOWN)
        # Each a passage of its own, however close to the one before it.
        found.append(
            Sighting(at=datetime.combine(day, wall, UTC), direction=way, key=f"{len(found)}")
        )
    return found


def _first_date(wall: time, start: time) -> date:
    """Whoever comes more than half a day before the start comes late, after midnight; who comes
    more than half a day after it comes early, before midnight."""
    apart = (wall.hour - start.hour) * 60 + wall.minute - start.minute
    if apart < -12 * 60:
        return _DATE + timedelta(days=1)
    if apart > 12 * 60:
        return _DATE - timedelta(days=1)
    return _DATE


def _words(day: Day) -> str:
    if not day.sessions and not day.punches:
        return day.status.meaning
    parts = [f"{duration(day.worked_min)} worked", f"{duration(day.payable_min)} paid"]
    if day.late_min:
        parts.append(f"{duration(day.late_min)} late")
    if day.early_min:
        parts.append(f"{duration(day.early_min)} early or short")
    if day.overtime_min:
        parts.append(f"{duration(day.overtime_min)} of overtime")
    return f"{', '.join(parts)}."
