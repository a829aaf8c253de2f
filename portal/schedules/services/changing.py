"""A change of plans: who it concerns is found by comparing their plans before and after it.

Public surface: ``changing``, ``preview_of``, ``Preview``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from portal.schedules.changes import DayCount, PlanChange, counted, tell
from portal.schedules.selectors.schedules import schedules_of
from portal.schedules.services.check import refuse_overlap

__all__ = ["Preview", "changing", "preview_of"]

# As far as overrides are planned ahead.
_AHEAD: Final = timedelta(days=400)
# "plan": two changes at once, each of them sound, could overlap together.
_ADVISORY_LOCK: Final = 0x706C_616E
_TRIED: ContextVar[list[PlanChange] | None] = ContextVar("tried_plan_changes", default=None)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do: to how many people's plans, from when on, and, where days are kept,
    to how many days that are over."""

    people: int
    first: date
    past: DayCount | None


@contextmanager
def changing(
    *, first: date, cause: str, person_ids: Collection[UUID] | None = None
) -> Iterator[None]:
    """Around the writes of a change that touches no date before ``first``, inside its transaction.

    Raises ``DomainError`` ``schedule.overlap`` where somebody would work two shifts at once, and
    tells of everybody whose plan became another. ``person_ids``: who it can concern at all.
    """
    _lock_plans()
    last = first + _AHEAD
    before = schedules_of(person_ids, first=first, last=last)
    yield
    after = schedules_of(person_ids, first=first, last=last)
    changed = {pk: plan for pk, plan in after.items() if plan != before.get(pk)}
    refuse_overlap(changed, around=first)
    if not changed:
        return
    change = PlanChange(person_ids=frozenset(changed), first=first, last=None, cause=cause)
    tried = _TRIED.get()
    if tried is None:
        tell(change)
    else:
        tried.append(change)


def preview_of(act: Callable[[], object], *, first: date) -> Preview:
    """What ``act`` would change; it is done and rolled back. What it raises, this raises."""
    tried: list[PlanChange] = []
    token = _TRIED.set(tried)
    try:
        with transaction.atomic():
            act()
            people = frozenset().union(*(each.person_ids or () for each in tried))
            past = None
            if people:
                whole = PlanChange(person_ids=people, first=first, last=None, cause=tried[0].cause)
                past = counted(whole)
            transaction.set_rollback(True)
    finally:
        _TRIED.reset(token)
    return Preview(people=len(people), first=first, past=past)


def _lock_plans() -> None:
    """SQLite's IMMEDIATE transactions have one writer anyway; PostgreSQL is told."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
