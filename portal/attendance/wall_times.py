"""A time that somebody typed, as the instant that they mean. Public surface: ``instant_of_wall``,
``instants_of_wall``.

Unlike the engine, which must make something of every time of a plan, this may ask back.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from portal.core.errors import DomainError

__all__ = ["instant_of_wall", "instants_of_wall"]


def instants_of_wall(day: date, wall: time, zone: str) -> tuple[datetime, ...]:
    """The instants, in UTC, at which the clocks of ``zone`` show this: none where they were put
    forward over it, two where they were put back."""
    found: list[datetime] = []
    for fold in (0, 1):
        naive = datetime.combine(day, wall)
        at = naive.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
        shown = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if shown == naive and at not in found:
            found.append(at)
    return tuple(found)


def instant_of_wall(day: date, wall: time, zone: str, *, which: int | None = None) -> datetime:
    """``which`` is 0 for the first, 1 for the second of a time that comes twice, and says nothing
    of one that comes once. Raises ``DomainError`` ``time.skipped`` and ``time.twice``."""
    found = instants_of_wall(day, wall, zone)
    if not found:
        raise DomainError(
            f"{wall:%H:%M} did not exist on {day:%-d %B %Y}: the clocks were put forward over it. "
            "Give the time that the clock showed before or after.",
            code="time.skipped",
            http_status=422,
        )
    if len(found) == 1:
        return found[0]
    if which not in {0, 1}:
        raise DomainError(
            f"{wall:%H:%M} came twice on {day:%-d %B %Y}, as the clocks were put back. Say whether "
            "the first or the second is meant.",
            code="time.twice",
            http_status=422,
        )
    return found[which]
