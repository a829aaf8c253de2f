"""What days come to together: one way to add them up for every page that shows a total.

Public surface: ``ABSENCES``, ``DayFigures``, ``Totals``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol, Self

from portal.attendance.engine import Status

__all__ = ["ABSENCES", "DayFigures", "Totals"]

ABSENCES: Final = frozenset({Status.ABSENT.value, Status.HALF_LEAVE_ABSENT.value})


class DayFigures(Protocol):
    """A day and shift: a row of ``AttendanceDay`` or as much of it as is added up."""

    @property
    def status(self) -> str: ...
    @property
    def worked_min(self) -> int: ...
    @property
    def payable_min(self) -> int: ...
    @property
    def late_min(self) -> int: ...
    @property
    def early_min(self) -> int: ...
    @property
    def overtime_min(self) -> int: ...


@dataclass(slots=True)
class Totals:
    """Minutes, and how many days and shifts were late or not worked although they were owed."""

    worked_min: int = 0
    payable_min: int = 0
    late_min: int = 0
    early_min: int = 0
    overtime_min: int = 0
    late_count: int = 0
    absences: int = 0

    @classmethod
    def of(cls, days: Iterable[DayFigures]) -> Self:
        totals = cls()
        for day in days:
            totals.add(day)
        return totals

    def add(self, day: DayFigures) -> None:
        self.worked_min += day.worked_min
        self.payable_min += day.payable_min
        self.late_min += day.late_min
        self.early_min += day.early_min
        self.overtime_min += day.overtime_min
        self.late_count += day.late_min > 0
        self.absences += day.status in ABSENCES

    def merge(self, other: Totals) -> None:
        self.worked_min += other.worked_min
        self.payable_min += other.payable_min
        self.late_min += other.late_min
        self.early_min += other.early_min
        self.overtime_min += other.overtime_min
        self.late_count += other.late_count
        self.absences += other.absences
