"""Refusing a plan in which somebody would work two shifts at once. Public surface: ``check_plan``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from portal.attendance.engine import Schedule
from portal.core.errors import DomainError
from portal.schedules.selectors.conflicts import overlap_of
from portal.schedules.selectors.schedules import schedules_of

__all__ = ["check_plan", "refuse_overlap"]

# Overrides are not planned farther ahead than that.
_AHEAD: Final = timedelta(days=400)


def check_plan(person_ids: Collection[UUID] | None, *, around: date) -> None:
    """Raise ``DomainError`` ``schedule.overlap`` where one of these people (None: of everybody)
    would work two shifts at once on a date from ``around`` on.

    To be called in the transaction of a change, after it: what is refused is rolled back with it.
    """
    refuse_overlap(schedules_of(person_ids, first=around, last=around + _AHEAD), around=around)


def refuse_overlap(schedules: Mapping[UUID, Schedule], *, around: date) -> None:
    """``check_plan`` of schedules that are at hand."""
    found = overlap_of(schedules, around=around)
    if found is None:
        return
    pair = (
        f"The hours of “{found.first}” overlap those of the “{found.first}” after it"
        if found.first == found.second
        else f"“{found.first}” and “{found.second}” overlap"
    )
    raise DomainError(
        f"{pair} on {found.on:%-d %B %Y}: "
        f"{_people(found.people)} would have to work both at once. Change the times of one of "
        "them, its days, or the dates on which it is worked.",
        code="schedule.overlap",
        http_status=409,
        data={
            "first": found.first,
            "second": found.second,
            "on": found.on.isoformat(),
            "people": found.people,
        },
    )


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"
