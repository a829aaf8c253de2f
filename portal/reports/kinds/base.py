"""What every report is described by, and the columns that several of them share.

Public surface: ``ReportKind``, ``ABSENT`` and the other columns, ``flags_of``,
``one_section``, ``or_none``, ``people_of``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from portal.attendance.words import flag_label
from portal.reports.choices import Choices
from portal.reports.selectors.facts import DayRow, Facts
from portal.reports.sheet import Column, Kind, Row, Section, Value, totals_of
from portal.reports.spans import Span

if TYPE_CHECKING:
    from portal.reports.charts import Chart

__all__ = [
    "ABSENT",
    "CODE",
    "DATE",
    "DEPARTMENT",
    "EARLY",
    "FIRST_IN",
    "LAST_OUT",
    "LATE",
    "LEAVE",
    "NAME",
    "NOTES",
    "OVERTIME",
    "PAYABLE",
    "SHIFT",
    "SITE",
    "STATUS",
    "WORKED",
    "ReportKind",
    "flags_of",
    "one_section",
    "or_none",
    "people_of",
]

DATE: Final = Column("date", "Date", Kind.DATE, 12)
CODE: Final = Column("code", "Code", width=9)
NAME: Final = Column("name", "Name", width=24)
SITE: Final = Column("site", "Site", width=14, is_spare=True)
DEPARTMENT: Final = Column("department", "Department", width=20)
SHIFT: Final = Column("shift", "Shift", width=12)
STATUS: Final = Column("status", "Status", width=15)
FIRST_IN: Final = Column("first_in", "First in", Kind.TIME, 8)
LAST_OUT: Final = Column("last_out", "Last out", Kind.TIME, 8)
WORKED: Final = Column(
    "worked", "Worked", Kind.MINUTES, 8, is_total=True, hint="Time present, less breaks"
)
PAYABLE: Final = Column(
    "payable", "Payable", Kind.MINUTES, 8, is_total=True, hint="Worked within the shift, rounded"
)
LATE: Final = Column(
    "late", "Late", Kind.MINUTES, 7, is_total=True, hint="From the start of the shift"
)
EARLY: Final = Column(
    "early", "Left early", Kind.MINUTES, 8, is_total=True, hint="Before the end of the shift"
)
OVERTIME: Final = Column("overtime", "Overtime", Kind.MINUTES, 8, is_total=True)
ABSENT: Final = Column(
    "absent", "Absences", Kind.COUNT, 8, is_total=True, hint="Shifts missed, wholly or half"
)
LEAVE: Final = Column("leave", "Leave", Kind.DAYS, 7, is_total=True, hint="Days on leave")
NOTES: Final = Column("notes", "Notes", width=26)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKind:
    """``question`` is what the report answers. ``takes`` are the choices that mean something to
    it besides dates, place and person. ``sections`` makes the rows of the facts, and nothing else.
    """

    slug: str
    title: str
    question: str
    group: str
    icon: str
    columns: Callable[[Choices], tuple[Column, ...]]
    sections: Callable[[Facts], tuple[Section, ...]]
    span: Span = Span.LAST_WEEK
    takes: frozenset[str] = frozenset({"shift", "status"})
    is_wide: bool = False
    chart: Callable[[Facts], Chart | None] | None = None
    notes: Callable[[Facts], tuple[str, ...]] | None = None


def one_section(columns: tuple[Column, ...], rows: list[Row]) -> tuple[Section, ...]:
    return (Section(rows, totals=totals_of(columns, rows)),)


def flags_of(day: DayRow) -> str:
    return ", ".join(map(flag_label, day.flags))


def people_of(days: Iterable[DayRow]) -> dict[tuple[str, str, object], list[DayRow]]:
    """By name and code; the id keeps two people of one name apart."""
    found: dict[tuple[str, str, object], list[DayRow]] = {}
    for day in days:
        found.setdefault((day.name, day.code, day.person_id), []).append(day)
    return dict(sorted(found.items(), key=lambda each: each[0][:2]))


def or_none(value: int) -> Value:
    """Zeros are left empty, so that what matters stands out."""
    return value or None
