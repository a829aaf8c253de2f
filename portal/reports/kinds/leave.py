"""Who was on leave, of which type, and how many of the days were really taken."""

from __future__ import annotations

from uuid import UUID

from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, one_section
from portal.reports.selectors.facts import LEAVE_GONE, Facts
from portal.reports.sheet import Column, Kind, Row, Section
from portal.reports.spans import Span

__all__ = ["LEAVE"]

_COLUMNS = (
    base.CODE,
    base.NAME,
    base.DEPARTMENT,
    Column("type", "Type", width=16),
    Column("from", "From", Kind.DATE, 12),
    Column("to", "To", Kind.DATE, 12),
    Column("part", "Part", width=18),
    Column("state", "State", width=11),
    Column("leave", "Taken", Kind.DAYS, 7, is_total=True, hint="Working days within the dates"),
    Column("reason", "Reason", width=22),
)


def _columns(_: Choices) -> tuple[Column, ...]:
    return _COLUMNS


def _sections(facts: Facts) -> tuple[Section, ...]:
    rows = []
    taken = facts.leave_taken
    for one in facts.leaves:
        person = one.person
        cells = (
            person.code,
            person.name,
            person.department.path if person.department else None,
            one.type.name,
            one.first,
            one.last,
            one.get_part_display(),
            one.get_state_display(),
            sum(taken.get(one.pk, {}).values()) or None,
            one.reason,
        )
        rows.append(Row(cells, one.person_id))
    rows += _gone(facts, taken.get(None, {}))
    return one_section(_COLUMNS, rows)


def _gone(facts: Facts, taken: dict[UUID, int]) -> list[Row]:
    """Days on leave that no request stands behind any more."""
    known = {day.person_id: day for day in facts.days if day.person_id in taken}
    return [
        Row(
            (day.code, day.name, day.department, LEAVE_GONE, None, None, "", "", halves, ""),
            person_id,
        )
        for person_id, halves in taken.items()
        if (day := known.get(person_id))
    ]


LEAVE = ReportKind(
    slug="leave",
    title="Leave",
    question="Who was away on leave, of which type, for how many days?",
    group="Hours",
    icon="sun",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_MONTH,
    takes=frozenset(),
    is_wide=True,
)
