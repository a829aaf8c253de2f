"""What behaviours of the engine are written with: each takes the engine, real or mutated.

Public surface: see ``__all__``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

__all__ = [
    "BEHAVIOURS",
    "BERLIN",
    "LATER",
    "MONDAY",
    "SUNDAY",
    "TUESDAY",
    "WEDNESDAY",
    "always",
    "behaviour",
    "berlin",
    "days",
    "refused",
    "seen",
    "shift",
]

BEHAVIOURS: list[Callable[[Any], None]] = []
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 5, 4)
TUESDAY, WEDNESDAY, SUNDAY = date(2026, 5, 5), date(2026, 5, 6), date(2026, 5, 10)
LATER = datetime(2026, 5, 20, tzinfo=UTC)


def behaviour(function: Callable[[Any], None]) -> Callable[[Any], None]:
    BEHAVIOURS.append(function)
    return function


def berlin(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


def shift(engine: Any, start: int = 9, end: int = 17, **more: Any) -> Any:
    name = more.pop("name", f"{start}-{end}")
    return engine.Shift(name, time(start), time(end), BERLIN, **more)


def seen(engine: Any, *punches: tuple[str, datetime], **more: Any) -> tuple[Any, ...]:
    return tuple(
        engine.Sighting(at, engine.Direction(direction), **more) for direction, at in punches
    )


def days(engine: Any, schedule: Any, first: date, last: date, **more: Any) -> tuple[Any, ...]:
    known = {"now": LATER, "watermark": LATER} | more
    inputs = engine.PersonInputs(zone=BERLIN, schedule=schedule, **known)
    found: tuple[Any, ...] = engine.attendance_days(inputs, first=first, last=last)
    return found


def always(engine: Any, *shifts: Any, **more: Any) -> Any:
    return engine.Schedule((engine.Assignment(shifts, **more),))


@contextmanager
def refused(kind: type[Exception], **facts: object) -> Any:
    with pytest.raises(kind) as caught:
        yield
    for name, expected in facts.items():
        assert getattr(caught.value, name) == expected, name
