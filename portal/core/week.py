"""Hours of the week in which something holds, in the time of a place.

Stored as ``[{"days": [0, 1], "from": "07:00", "to": "19:00"}, …]`` with Monday as 0; none at all
means always. Public surface: ``Week``, ``Window``, ``Stretch``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from portal.core.errors import DomainError

__all__ = ["Stretch", "Week", "Window"]

DAYS = 7
# How far back is looked for the latest stretch: nearly always a day does. A window that a clock put
# forward left out was there the week before, and a stretch may be nearly a week long itself.
_LOOKS_BACK: Final = (timedelta(days=2), timedelta(days=3 * DAYS))
_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta.resolution


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
class Stretch:
    """An unbroken time within the hours; ``end`` is not included, and None while it goes on."""

    start: datetime
    end: datetime | None


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

    def last_stretch(self, instant: datetime, zone: str) -> Stretch | None:
        """The latest stretch that began by ``instant`` (UTC); None where the hours never end."""
        if not self.windows:
            return None
        for back in _LOOKS_BACK:
            found = self._last_since(instant - back, instant, zone)
            if found is not None:
                return found
        return None

    def _last_since(self, since: datetime, instant: datetime, zone: str) -> Stretch | None:
        is_ongoing, end = self.covers(instant, zone), None
        for edge in sorted(self._edges(since, instant, zone), reverse=True):
            before, after = self.covers(edge - _INSTANT, zone), self.covers(edge, zone)
            if before == after:
                continue
            if after and (is_ongoing or end is not None):
                return Stretch(edge, end)
            end = edge
        return None

    def _edges(self, since: datetime, instant: datetime, zone: str) -> set[datetime]:
        """Every instant within at which the hours can begin or end."""
        local = ZoneInfo(zone)
        clocks = {clock for one in self.windows for clock in (one.start, one.end)}
        edges: set[datetime] = set()
        at, offset = since - _DAY, (since - _DAY).astimezone(local).utcoffset()
        while at <= instant:
            day = at.astimezone(local).date()
            # Twice where the clock is put back in between.
            for fold in (0, 1):
                local_clocks = (datetime.combine(day, one, local) for one in clocks)
                edges |= {one.replace(fold=fold).astimezone(UTC) for one in local_clocks}
            then = at.astimezone(local).utcoffset()
            if then != offset:
                edges.add(_transition(at - _DAY, at, local))
            at, offset = at + _DAY, then
        return {edge for edge in edges if since <= edge <= instant}


def _transition(low: datetime, high: datetime, local: ZoneInfo) -> datetime:
    """When the clocks there are put forward or back between the two."""
    before, second = low.astimezone(local).utcoffset(), timedelta(seconds=1)
    low, high = low.replace(microsecond=0), high.replace(microsecond=0) + second
    while high - low > second:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(local).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


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
