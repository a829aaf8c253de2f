"""What the engine says. Public surface: ``Punch``, ``Session``, ``Day``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from portal.attendance.engine.clock import whole_minutes
from portal.attendance.engine.words import Direction, Flag, Source, Status

__all__ = ["Day", "Punch", "Session"]


@dataclass(frozen=True, slots=True)
class Punch:
    """One passage: sightings that follow each other so closely that they are one event.

    Coming in counts from ``first``, leaving from ``last``. ``keys`` are those of its sightings.
    """

    first: datetime
    last: datetime
    direction: Direction
    source: Source
    camera: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A time from coming to leaving. ``closed_by`` is None where the policy closed the day."""

    start: datetime
    end: datetime
    opened_by: Punch
    closed_by: Punch | None

    @property
    def minutes(self) -> int:
        return whole_minutes(self.end - self.start)


@dataclass(frozen=True, slots=True)
class Day:
    """One row of attendance: a shift that begins on ``work_date``, or work without a shift.

    Instants are UTC. ``start`` and ``end`` are the hours that were owed after half-day leave, None
    without a shift. ``punches`` are all that belong to this row, used or not, and to no other;
    ``strays`` are those of them that lie outside every shift. Equal ``inputs_hash`` means that
    nothing the row depends on has changed.
    """

    work_date: date
    occurrence_no: int
    zone: ZoneInfo
    shift: str | None
    status: Status
    start: datetime | None
    end: datetime | None
    window_start: datetime | None
    window_end: datetime | None
    first_in: datetime | None
    last_out: datetime | None
    worked_min: int
    payable_min: int
    late_min: int
    early_min: int
    overtime_min: int
    flags: tuple[Flag, ...]
    sessions: tuple[Session, ...]
    punches: tuple[Punch, ...]
    strays: tuple[Punch, ...]
    inputs_hash: str
