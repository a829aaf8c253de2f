"""What the days are made of, and what people said about them: punches, corrections, exceptions."""

from __future__ import annotations

from portal.attendance.models import Correction
from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, one_section
from portal.reports.selectors.facts import Facts, zone_named
from portal.reports.sheet import Clock, Column, Kind, Row, Section, Value
from portal.reports.spans import Span

__all__ = ["CORRECTIONS", "EXCEPTIONS", "PUNCHES"]

_NOBODY = "–"

_PUNCHES = (
    base.DATE,
    Column("at", "Time", Kind.TIME, 8),
    base.CODE,
    base.NAME,
    Column("direction", "Direction", width=9),
    Column("source", "Source", width=14),
    Column("place", "Where", width=20),
    Column("state", "State", width=24),
    Column("void", "Struck", width=24, hint="Why it counts no more"),
    Column("utc", "Instant (UTC)", width=20, is_spare=True),
)


def _punch_rows(facts: Facts) -> tuple[Section, ...]:
    rows = []
    for punch, clock in facts.punches:
        person = punch.person
        cells: tuple[Value, ...] = (
            clock.day,
            clock,
            person.code,
            person.name,
            punch.get_direction_display(),
            punch.get_source_display(),
            punch.place or (punch.camera.name if punch.camera else ""),
            "Struck" if punch.voided_at else punch.get_state_display(),
            punch.void_reason,
            f"{punch.at:%Y-%m-%d %H:%M:%S}",
        )
        rows.append(Row(cells, punch.person_id))
    return one_section(_PUNCHES, rows)


def _punch_columns(_: Choices) -> tuple[Column, ...]:
    return _PUNCHES


PUNCHES = ReportKind(
    slug="punches",
    title="Raw punches",
    question="Every single time somebody passed, as it was taken down?",
    group="Evidence",
    icon="scan-face",
    columns=_punch_columns,
    sections=_punch_rows,
    span=Span.YESTERDAY,
    takes=frozenset(),
    is_wide=True,
)

_CORRECTIONS = (
    base.DATE,
    base.CODE,
    base.NAME,
    Column("kind", "Change", width=14),
    Column("time", "Time", Kind.TIME, 8),
    Column("reason", "Reason", width=26),
    Column("state", "State", width=16),
    Column("asked", "Asked by", width=18),
    Column("decided", "Decided by", width=18),
    Column("note", "Note", width=20),
)


def _correction_rows(facts: Facts) -> tuple[Section, ...]:
    rows = [
        Row(
            (
                one.work_date,
                one.person.code,
                one.person.name,
                one.get_kind_display(),
                _time(one),
                one.reason,
                one.get_state_display(),
                str(one.requested_by or _NOBODY),
                str(one.decided_by or ""),
                one.decision_note,
            ),
            one.person_id,
        )
        for one in facts.corrections
    ]
    return one_section(_CORRECTIONS, rows)


def _time(one: Correction) -> Clock | None:
    at = one.at or (one.punch.at if one.punch else None)
    zone = zone_named(one.person.site.time_zone)
    return Clock(at.astimezone(zone), one.work_date) if at else None


def _correction_columns(_: Choices) -> tuple[Column, ...]:
    return _CORRECTIONS


CORRECTIONS = ReportKind(
    slug="corrections",
    title="Corrections",
    question="Which days were changed by hand, why, and who decided?",
    group="Evidence",
    icon="pencil",
    columns=_correction_columns,
    sections=_correction_rows,
    span=Span.LAST_MONTH,
    takes=frozenset(),
    is_wide=True,
)

_EXCEPTIONS = (
    base.DATE,
    base.CODE,
    base.NAME,
    base.DEPARTMENT,
    Column("kind", "Exception", width=22),
    Column("detail", "What", width=30),
    Column("state", "State", width=10),
    Column("assignee", "Given to", width=18),
    Column("memo", "Memo", width=22),
)


def _exception_rows(facts: Facts) -> tuple[Section, ...]:
    rows = [
        Row(
            (
                one.work_date,
                one.person.code,
                one.person.name,
                one.person.department.path if one.person.department else None,
                one.get_kind_display(),
                one.detail,
                one.get_state_display(),
                str(one.assignee or ""),
                one.memo,
            ),
            one.person_id,
        )
        for one in facts.exceptions
    ]
    return one_section(_EXCEPTIONS, rows)


def _exception_columns(_: Choices) -> tuple[Column, ...]:
    return _EXCEPTIONS


EXCEPTIONS = ReportKind(
    slug="exceptions",
    title="Exceptions",
    question="What was odd about which days, and what became of it?",
    group="What is odd",
    icon="alert-triangle",
    columns=_exception_columns,
    sections=_exception_rows,
    is_wide=True,
)
