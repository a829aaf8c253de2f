"""Days of one sort only: late or early, absent, with overtime; and who came first and left last."""

from __future__ import annotations

from collections.abc import Callable

from portal.attendance.words import status_word
from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, flags_of, one_section, or_none
from portal.reports.selectors.facts import DayRow, Facts
from portal.reports.sheet import Column, Kind, Row, Section, Value
from portal.reports.spans import Span

__all__ = ["ABSENCES", "FIRST_LAST", "LATE_EARLY", "OVERTIME"]

_WHO = (base.DATE, base.CODE, base.NAME, base.DEPARTMENT, base.SHIFT)
_START = Column("start", "Shift begins", Kind.TIME, 9)
_END = Column("end", "Shift ends", Kind.TIME, 9)
_SPAN = Column(
    "between", "First to last", Kind.MINUTES, 10, is_total=True, hint="From first in to last out"
)


def _who(day: DayRow) -> tuple[Value, ...]:
    return (day.work_date, day.code, day.name, day.department, day.shift)


def _listed(
    columns: tuple[Column, ...],
    is_listed: Callable[[DayRow], bool],
    cells: Callable[[DayRow], tuple[Value, ...]],
) -> tuple[Callable[[Choices], tuple[Column, ...]], Callable[[Facts], tuple[Section, ...]]]:
    """Columns and sections of a report that lists the days for which ``is_listed``."""
    every = (*_WHO, *columns)

    def rows(facts: Facts) -> tuple[Section, ...]:
        days = filter(is_listed, facts.days)
        return one_section(every, [Row((*_who(day), *cells(day)), day.person_id) for day in days])

    return (lambda _: every), rows


_columns, _sections = _listed(
    (_START, base.FIRST_IN, base.LATE, _END, base.LAST_OUT, base.EARLY, base.NOTES),
    lambda day: bool(day.late_min or day.early_min),
    lambda day: (
        day.clock(day.start),
        day.clock(day.first_in),
        or_none(day.late_min),
        day.clock(day.end),
        day.clock(day.last_out),
        or_none(day.early_min),
        flags_of(day),
    ),
)
LATE_EARLY = ReportKind(
    slug="late-early",
    title="Late and early",
    question="Who came late or left early, and by how much?",
    group="What is odd",
    icon="clock",
    columns=_columns,
    sections=_sections,
)

_columns, _sections = _listed(
    (base.STATUS, base.ABSENT, _START, _END, base.NOTES),
    lambda day: bool(day.absent),
    lambda day: (
        status_word(day.status).label,
        day.absent,
        day.clock(day.start),
        day.clock(day.end),
        flags_of(day),
    ),
)
ABSENCES = ReportKind(
    slug="absent",
    title="Absences",
    question="Who missed a shift, on which dates?",
    group="What is odd",
    icon="user-x",
    columns=_columns,
    sections=_sections,
)

_columns, _sections = _listed(
    (base.STATUS, base.FIRST_IN, base.LAST_OUT, _END, base.OVERTIME, base.NOTES),
    lambda day: bool(day.overtime_min),
    lambda day: (
        status_word(day.status).label,
        day.clock(day.first_in),
        day.clock(day.last_out),
        day.clock(day.end),
        day.overtime_min,
        flags_of(day),
    ),
)
OVERTIME = ReportKind(
    slug="overtime",
    title="Overtime",
    question="Who worked longer than the shift, or on a free day?",
    group="Hours",
    icon="history",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_MONTH,
)


def _between(day: DayRow) -> int | None:
    if day.first_in is None or day.last_out is None or day.last_out < day.first_in:
        return None
    return int((day.last_out - day.first_in).total_seconds() // 60)


_columns, _sections = _listed(
    (base.STATUS, base.FIRST_IN, base.LAST_OUT, _SPAN, base.WORKED),
    lambda day: day.first_in is not None or day.last_out is not None or bool(day.worked_min),
    lambda day: (
        status_word(day.status).label,
        day.clock(day.first_in),
        day.clock(day.last_out),
        _between(day),
        or_none(day.worked_min),
    ),
)
FIRST_LAST = ReportKind(
    slug="first-last",
    title="First in, last out",
    question="When did each person come first and leave last?",
    group="Days",
    icon="door-open",
    columns=_columns,
    sections=_sections,
)
