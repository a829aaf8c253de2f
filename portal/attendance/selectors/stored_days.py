"""What a day came to, as facts to be kept, and to be put side by side with what it was.

Public surface: ``DayChange``, ``DayFacts``, ``changes_between``, ``day_facts``, ``facts_of``,
``facts_read``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from portal.attendance.engine import Day
from portal.attendance.models import AttendanceDay
from portal.attendance.words import wall_time

__all__ = ["DayChange", "DayFacts", "changes_between", "day_facts", "facts_of", "facts_read"]

_MINUTES: Final = ("worked_min", "payable_min", "late_min", "early_min", "overtime_min")


@dataclass(frozen=True, slots=True)
class DayFacts:
    """One row of a date, without what it was made of."""

    occurrence_no: int
    work_date: date
    zone: str
    status: str
    first_in: datetime | None
    last_out: datetime | None
    worked_min: int
    payable_min: int
    late_min: int
    early_min: int
    overtime_min: int

    @property
    def came(self) -> str:
        return wall_time(self.first_in, self.zone, on=self.work_date)

    @property
    def left(self) -> str:
        return wall_time(self.last_out, self.zone, on=self.work_date)

    def as_json(self) -> dict[str, Any]:
        return {
            "occurrence_no": self.occurrence_no,
            "work_date": self.work_date.isoformat(),
            "zone": self.zone,
            "status": self.status,
            "first_in": self.first_in.isoformat() if self.first_in else None,
            "last_out": self.last_out.isoformat() if self.last_out else None,
            **{name: getattr(self, name) for name in _MINUTES},
        }


@dataclass(frozen=True, slots=True)
class DayChange:
    """A row as it was and as it became, or would; None where there is none."""

    before: DayFacts | None
    after: DayFacts | None

    @property
    def is_changed(self) -> bool:
        return self.before != self.after

    @property
    def payable_delta_min(self) -> int:
        before = self.before.payable_min if self.before else 0
        return (self.after.payable_min if self.after else 0) - before


def facts_of(day: Day | AttendanceDay) -> DayFacts:
    return DayFacts(
        occurrence_no=day.occurrence_no,
        work_date=day.work_date,
        zone=day.zone if isinstance(day.zone, str) else day.zone.key,
        status=str(day.status),
        first_in=day.first_in,
        last_out=day.last_out,
        worked_min=day.worked_min,
        payable_min=day.payable_min,
        late_min=day.late_min,
        early_min=day.early_min,
        overtime_min=day.overtime_min,
    )


def facts_read(stored: Mapping[str, Any]) -> DayFacts:
    """What ``as_json`` wrote."""
    return DayFacts(
        occurrence_no=stored["occurrence_no"],
        work_date=date.fromisoformat(stored["work_date"]),
        zone=stored["zone"],
        status=stored["status"],
        first_in=_instant(stored["first_in"]),
        last_out=_instant(stored["last_out"]),
        **{name: stored[name] for name in _MINUTES},
    )


def day_facts(person_id: UUID, work_date: date) -> list[DayFacts]:
    """The stored rows of a date. Asks for no right."""
    rows = AttendanceDay.objects.filter(person=person_id, work_date=work_date)
    return [facts_of(day) for day in rows.order_by("occurrence_no")]


def changes_between(before: Iterable[DayFacts], after: Iterable[DayFacts]) -> tuple[DayChange, ...]:
    old = {each.occurrence_no: each for each in before}
    new = {each.occurrence_no: each for each in after}
    return tuple(
        DayChange(old.get(number), new.get(number)) for number in sorted(old.keys() | new.keys())
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
