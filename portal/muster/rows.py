"""What a row of a roll-call shows. Public surface: ``RollRow``, ``RollGroup``, ``roll_rows``,
``grouped``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.context import current_actor
from portal.muster.models import MusterEntry
from portal.people.selectors import portraits_of
from portal.ui.markup import initials

__all__ = ["RollGroup", "RollRow", "clock", "grouped", "roll_rows"]


@dataclass(frozen=True, slots=True)
class RollRow:
    entry: MusterEntry
    portrait_id: UUID | None
    initials: str
    # By the clock of the site.
    seen: str
    changed: str


@dataclass(frozen=True, slots=True)
class RollGroup:
    name: str
    rows: tuple[RollRow, ...]


def roll_rows(entries: Sequence[MusterEntry], zone: str) -> tuple[RollRow, ...]:
    portraits = (
        portraits_of(entry.person_id for entry in entries)
        if current_actor().may("people.view")
        else {}
    )
    where = ZoneInfo(zone)
    return tuple(
        RollRow(
            entry=entry,
            portrait_id=portraits.get(entry.person_id),
            initials=initials(entry.person.name),
            seen=clock(entry.last_seen_at, where),
            changed=clock(entry.changed_at, where),
        )
        for entry in entries
    )


def grouped(rows: Sequence[RollRow]) -> tuple[RollGroup, ...]:
    """By department, in the order of the rows."""
    by_department = groupby(
        rows, key=lambda row: row.entry.department.path if row.entry.department else ""
    )
    return tuple(RollGroup(name or "No department", tuple(group)) for name, group in by_department)


def clock(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}" if at is not None else ""
