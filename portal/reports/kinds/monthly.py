"""A line for each person and a column for each date, with the sums at the end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from portal.attendance.engine import Status
from portal.attendance.totals import Totals
from portal.attendance.words import status_word
from portal.core.errors import DomainError
from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, one_section, or_none, people_of
from portal.reports.selectors.facts import DayRow, Facts
from portal.reports.sheet import Column, Kind, Row, Section, Value
from portal.reports.spans import Span

__all__ = ["MONTHLY", "SUMS", "sums_of"]

_MOST_DATES: Final = 31
SUMS: Final = (
    base.WORKED,
    base.PAYABLE,
    base.LATE,
    base.EARLY,
    base.OVERTIME,
    base.ABSENT,
    base.LEAVE,
)
# What a date without worked minutes shows where the letter of its status would be in the way.
_QUIET: Final = {Status.DAY_OFF.value: "·", Status.EXPECTED.value: None}


def _columns(choices: Choices) -> tuple[Column, ...]:
    dates = tuple(
        Column(f"{day:%Y-%m-%d}", f"{day:%a}"[:2] + f" {day.day}", Kind.MINUTES, 5)
        for day in _dates(choices)
    )
    return (base.CODE, base.NAME, base.DEPARTMENT, *dates, *SUMS)


def _dates(choices: Choices) -> list[date]:
    count = (choices.last - choices.first).days + 1
    if count > _MOST_DATES:
        raise DomainError(
            f"The grid shows {_MOST_DATES} days at most, and these are {count}. Choose fewer days, "
            "or “Daily attendance”, which has no such limit.",
            code="report.choice",
        )
    return [choices.first + timedelta(days=n) for n in range(count)]


def _sections(facts: Facts) -> tuple[Section, ...]:
    dates = _dates(facts.choices)
    rows = []
    for (name, code, _), days in people_of(facts.days).items():
        on: dict[date, list[DayRow]] = {}
        for day in days:
            on.setdefault(day.work_date, []).append(day)
        cells = [_cell(on.get(each, [])) for each in dates]
        head: tuple[Value, ...] = (code, name, days[-1].department)
        rows.append(Row((*head, *cells, *map(or_none, sums_of(days))), days[0].person_id))
    return one_section(_columns(facts.choices), rows)


def _cell(days: list[DayRow]) -> Value:
    worked = sum(day.worked_min for day in days)
    if worked or not days:
        return worked or None
    return next((word for day in days if (word := _letter(day.status))), None)


def _letter(status: str) -> str | None:
    return _QUIET[status] if status in _QUIET else status_word(status).letter


def sums_of(days: Iterable[DayRow]) -> tuple[int, ...]:
    """Worked, payable, late, early, overtime, absent and leave."""
    listed = list(days)
    sums = Totals.of(listed)
    return (
        sums.worked_min,
        sums.payable_min,
        sums.late_min,
        sums.early_min,
        sums.overtime_min,
        sums.absences,
        sum(day.leave for day in listed),
    )


def _notes(facts: Facts) -> tuple[str, ...]:
    """What the letters mean that are in the grid."""
    free = (day for day in facts.days if not day.worked_min)
    shown = {day.status: word for day in free if (word := _letter(day.status))}
    meanings = sorted(
        f"{letter} {status_word(status).label.lower()}" for status, letter in shown.items()
    )
    return (f"Hours are those worked. Where none were: {', '.join(meanings)}.",) if meanings else ()


MONTHLY = ReportKind(
    slug="monthly",
    title="Monthly grid",
    question="What did the month come to for each person, at a glance?",
    group="Days",
    icon="layers",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_MONTH,
    is_wide=True,
    notes=_notes,
)
