"""Every day of everybody: the one from which all others can be checked."""

from __future__ import annotations

from portal.attendance.words import status_word
from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, flags_of, one_section, or_none
from portal.reports.selectors.facts import DayRow, Facts
from portal.reports.sheet import Column, Row, Section
from portal.reports.spans import Span

__all__ = ["DAILY"]

_COLUMNS = (
    base.DATE,
    base.CODE,
    base.NAME,
    base.SITE,
    base.DEPARTMENT,
    base.SHIFT,
    base.STATUS,
    base.FIRST_IN,
    base.LAST_OUT,
    base.WORKED,
    base.PAYABLE,
    base.LATE,
    base.EARLY,
    base.OVERTIME,
    base.ABSENT,
    base.LEAVE,
    base.NOTES,
)


def _columns(_: Choices) -> tuple[Column, ...]:
    return _COLUMNS


def _sections(facts: Facts) -> tuple[Section, ...]:
    return one_section(_COLUMNS, [_row(day) for day in facts.days])


def _row(day: DayRow) -> Row:
    return Row(
        (
            day.work_date,
            day.code,
            day.name,
            day.site,
            day.department,
            day.shift,
            status_word(day.status).label,
            day.clock(day.first_in),
            day.clock(day.last_out),
            or_none(day.worked_min),
            or_none(day.payable_min),
            or_none(day.late_min),
            or_none(day.early_min),
            or_none(day.overtime_min),
            or_none(day.absent),
            or_none(day.leave),
            flags_of(day),
        ),
        day.person_id,
    )


DAILY = ReportKind(
    slug="daily",
    title="Daily attendance",
    question="Who came and went when, and what did each day come to?",
    group="Days",
    icon="calendar",
    columns=_columns,
    sections=_sections,
    span=Span.YESTERDAY,
    is_wide=True,
)
