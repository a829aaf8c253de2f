"""First and last sightings of people by day, before and after: what a rule does to attendance.

Pure. Public surface: ``PersonDays``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

__all__ = ["PersonDays"]

_LISTED: Final = 300
# What is worst for a day's record comes first.
_ORDER: Final = ("lost", "gained", "first", "last")


class PersonDays:
    """A day is that of the site where somebody was seen; the caller names it."""

    def __init__(self) -> None:
        # Per person and day: first and last before, first and last after, and the site.
        self._days: dict[tuple[str, date], list[Any]] = {}
        self._touched: set[tuple[str, date]] = set()

    def saw(
        self,
        day: date,
        *,
        first_at: datetime,
        last_at: datetime,
        site_id: UUID,
        was: str | None,
        becomes: str | None,
    ) -> None:
        """A visit, by the name that it bore and by the one that it would bear."""
        for person, place in ((was, 0), (becomes, 2)):
            if person is None:
                continue
            times = self._days.setdefault((person, day), [None, None, None, None, site_id])
            if times[place] is None or first_at < times[place]:
                times[place] = first_at
            if times[place + 1] is None or last_at > times[place + 1]:
                times[place + 1] = last_at
            if was != becomes:
                self._touched.add((person, day))

    def summary(self) -> dict[str, Any]:
        """How many person-days lose their only sighting, gain one, or begin or end at another
        time; and the worst of them."""
        found = []
        counts = dict.fromkeys(_ORDER, 0)
        for key in self._touched:
            first, last, first_after, last_after, site_id = self._days[key]
            effects = _effects(first, last, first_after, last_after)
            for effect in effects:
                counts[effect] += 1
            if effects:
                person, day = key
                found.append(
                    {
                        "person": person,
                        "day": day.isoformat(),
                        "site": str(site_id),
                        "effect": effects[0],
                        "before": _times(first, last),
                        "after": _times(first_after, last_after),
                    }
                )
        found.sort(key=lambda one: (_ORDER.index(one["effect"]), one["day"], one["person"]))
        return {
            **counts,
            "person_days": len(self._days),
            "affected": len(found),
            "days": found[:_LISTED],
        }


def _effects(
    first: datetime | None,
    last: datetime | None,
    first_after: datetime | None,
    last_after: datetime | None,
) -> list[str]:
    if first_after is None:
        return ["lost"]
    if first is None:
        return ["gained"]
    moved = (("first", first, first_after), ("last", last, last_after))
    return [name for name, before, after in moved if before != after]


def _times(first: datetime | None, last: datetime | None) -> list[str] | None:
    return None if first is None or last is None else [first.isoformat(), last.isoformat()]
