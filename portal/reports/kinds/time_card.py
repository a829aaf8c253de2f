"""One person after the other, each with a page of their own to sign."""

from __future__ import annotations

from datetime import datetime

from portal.attendance.words import status_word
from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, flags_of, or_none, people_of
from portal.reports.selectors.facts import DayRow, Facts, zone_named
from portal.reports.sheet import Clock, Column, Row, Section, totals_of
from portal.reports.spans import Span

__all__ = ["TIME_CARD"]

_COLUMNS = (
    base.DATE,
    base.SHIFT,
    base.STATUS,
    Column("times", "Present", width=26, hint="Each time from coming to leaving"),
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
    # A file has one table: there the person is named in every row.
    return (base.CODE, base.NAME, *_COLUMNS)


def _sections(facts: Facts) -> tuple[Section, ...]:
    sections = []
    for (name, code, _), days in people_of(facts.days).items():
        rows = [_row(facts, day) for day in days]
        place = days[-1].department or days[-1].site
        sections.append(
            Section(
                rows,
                title=f"{name} ({code})",
                note=place,
                totals=totals_of(_columns(facts.choices), rows),
            )
        )
    return tuple(sections)


def _row(facts: Facts, day: DayRow) -> Row:
    return Row(
        (
            day.code,
            day.name,
            day.work_date,
            day.shift,
            status_word(day.status).label,
            _times(facts, day),
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


def _times(facts: Facts, day: DayRow) -> str:
    zone = zone_named(day.zone)
    spans = []
    for session in facts.sessions.get(day.pk, ()):
        start, end = (datetime.fromisoformat(session[name]) for name in ("start", "end"))
        spans.append(
            "–".join(Clock(at.astimezone(zone), day.work_date).text for at in (start, end))
        )
    if spans:
        return ", ".join(spans)
    # One end alone.
    came, left = day.clock(day.first_in), day.clock(day.last_out)
    if came or left:
        return f"{came.text if came else '?'}–{left.text if left else '?'}"
    return ""


TIME_CARD = ReportKind(
    slug="time-card",
    title="Time card",
    question="What are one person's days, to be checked and signed?",
    group="Days",
    icon="id-card",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_MONTH,
)
