"""Telling whoever keeps days that a plan changed: apps above listen, schedules knows none of them.

Public surface: ``PlanChange``, ``listen``, ``tell``. Listeners run in the transaction of the change.
``DayCount``, ``count_with``, ``counted``: how many stored days a change would make other ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

__all__ = ["DayCount", "PlanChange", "count_with", "counted", "listen", "tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """Dates of these people may have become other days. ``person_ids`` None: of everybody;
    ``last`` None: from ``first`` on. ``cause`` is a short code such as ``shift_version``."""

    person_ids: frozenset[UUID] | None
    first: date
    last: date | None
    cause: str


@dataclass(frozen=True, slots=True)
class DayCount:
    """So many stored days, of so many people."""

    days: int
    people: int


Listener = Callable[[PlanChange], None]
Counter = Callable[[PlanChange], DayCount]
_LISTENERS: Final[list[Listener]] = []
_COUNTERS: Final[list[Counter]] = []


def listen(listener: Listener) -> Listener:
    _LISTENERS.append(listener)
    return listener


def tell(change: PlanChange) -> None:
    for listener in _LISTENERS:
        listener(change)


def count_with(counter: Counter) -> Counter:
    """Have ``counter`` asked before a change is made. It sees the rows as they would be, in a
    transaction that is rolled back, and computes without storing anything."""
    _COUNTERS.append(counter)
    return counter


def counted(change: PlanChange) -> DayCount | None:
    """None where nobody keeps days."""
    return _COUNTERS[-1](change) if _COUNTERS else None
