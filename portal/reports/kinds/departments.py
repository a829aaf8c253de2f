"""What each department's people worked together."""

from __future__ import annotations

from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, one_section
from portal.reports.kinds.monthly import SUMS, sums_of
from portal.reports.selectors.facts import DayRow, Facts
from portal.reports.sheet import Column, Kind, Row, Section, Value
from portal.reports.spans import Span

__all__ = ["DEPARTMENTS"]

_COLUMNS = (
    base.SITE,
    base.DEPARTMENT,
    Column("people", "People", Kind.COUNT, 8),
    *SUMS,
    Column("each", "Worked each", Kind.MINUTES, 10, hint="Worked, shared by its people"),
)


def _columns(_: Choices) -> tuple[Column, ...]:
    return _COLUMNS


def _sections(facts: Facts) -> tuple[Section, ...]:
    """By the department of each day: who moved counts in both, each day once."""
    found: dict[tuple[str, str], list[DayRow]] = {}
    for day in facts.days:
        found.setdefault((day.site, day.department or ""), []).append(day)
    rows = []
    for (site, department), days in sorted(found.items()):
        people, sums = len({day.person_id for day in days}), sums_of(days)
        cells: tuple[Value, ...] = (
            site,
            department or "No department",
            people,
            *sums,
            sums[0] // people,
        )
        rows.append(Row(cells))
    return one_section(_COLUMNS, rows)


DEPARTMENTS = ReportKind(
    slug="departments",
    title="Hours by department",
    question="How many hours did each department work, and what did it lack?",
    group="Hours",
    icon="users",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_MONTH,
    is_wide=True,
)
