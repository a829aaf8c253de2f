"""Hours of the week in which something holds, in the time of a place.

Stored as ``[{"days": [0, 1], "from": "07:00", "to": "19:00"}, …]`` with Monday as 0; none at all
means always. Public surface: ``Week``, ``Window``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from portal.core.errors import DomainError

__all__ = ["Week", "Window"]

DAYS = 7


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` until ``end``, not included, on these days; an ``end`` that is not later than
    ``start`` lies on the next day."""

    days: frozenset[int]
    start: time
    end: time

    def covers(self, weekday: int, clock: time) -> bool:
        if self.start < self.end:
            return weekday in self.days and self.start <= clock < self.end
        began_today = weekday in self.days and clock >= self.start
        began_yesterday = (weekday - 1) % DAYS in self.days and clock < self.end
        return began_today or began_yesterday


@dataclass(frozen=True, slots=True)
class Week:
    windows: tuple[Window, ...] = ()

    @classmethod
    def of(cls, stored: Sequence[Mapping[str, Any]]) -> Week:
        """Read what is stored. Raises ``DomainError`` (``week.window``) for what is no window."""
        return cls(tuple(_window(one) for one in stored))

    def stored(self) -> list[dict[str, Any]]:
        return [
            {"days": sorted(one.days), "from": f"{one.start:%H:%M}", "to": f"{one.end:%H:%M}"}
            for one in self.windows
        ]

    def covers(self, instant: datetime, zone: str) -> bool:
        """Whether ``instant`` lies within, by the clocks of ``zone``."""
        if not self.windows:
            return True
        local = instant.astimezone(ZoneInfo(zone))
        return any(one.covers(local.weekday(), local.time()) for one in self.windows)


def _window(stored: Mapping[str, Any]) -> Window:
    try:
        days = frozenset(int(day) for day in stored["days"])
        start, end = time.fromisoformat(stored["from"]), time.fromisoformat(stored["to"])
    except (KeyError, TypeError, ValueError) as error:
        raise DomainError(
            "These hours cannot be read. Give days from Monday to Sunday, and two times such as "
            "07:00 and 19:00.",
            code="week.window",
        ) from error
    if not days or not days <= frozenset(range(DAYS)):
        raise DomainError("Choose at least one day of the week.", code="week.days")
    return Window(days, start, end)
