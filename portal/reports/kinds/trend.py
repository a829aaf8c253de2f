"""Lateness and absence from week to week."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from portal.attendance.totals import Totals
from portal.reports.charts import Chart, lines
from portal.reports.choices import Choices
from portal.reports.kinds import base
from portal.reports.kinds.base import ReportKind, one_section
from portal.reports.selectors.facts import DayRow, Facts
from portal.reports.sheet import Column, Kind, Row, Section
from portal.reports.spans import Span

__all__ = ["TREND"]

_WEEK: Final = timedelta(days=7)
_COLUMNS: Final = (
    Column("week", "Week from", Kind.DATE, 14),
    Column("people", "People", Kind.COUNT, 8),
    Column("late_count", "Times late", Kind.COUNT, 10, is_total=True),
    base.LATE,
    base.ABSENT,
    base.WORKED,
)


def _columns(_: Choices) -> tuple[Column, ...]:
    return _COLUMNS


def _weeks(facts: Facts) -> dict[date, list[DayRow]]:
    """By Monday, weeks without any day among them; the first and the last may be cut short."""
    first, last = _monday(facts.choices.first), _monday(facts.choices.last)
    weeks: dict[date, list[DayRow]] = {}
    while first <= last:
        weeks[first] = []
        first += _WEEK
    for day in facts.days:
        weeks[_monday(day.work_date)].append(day)
    return weeks


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _sections(facts: Facts) -> tuple[Section, ...]:
    rows = []
    for monday, days in _weeks(facts).items():
        sums = Totals.of(days)
        people = len({day.person_id for day in days})
        cells = (monday, people, sums.late_count, sums.late_min, sums.absences, sums.worked_min)
        rows.append(Row(cells))
    return one_section(_COLUMNS, rows)


def _chart(facts: Facts) -> Chart | None:
    weeks = {monday: Totals.of(days) for monday, days in _weeks(facts).items()}
    late = [sums.late_count for sums in weeks.values()]
    absent = [sums.absences for sums in weeks.values()]
    if not any(late) and not any(absent):
        return None
    return lines(
        (("Times late", "uncertain", late), ("Absences", "unknown", absent)),
        labels=[f"{monday:%-d %b}" for monday in weeks],
        words=[
            f"Week from {monday:%-d %B}: {sums.late_count:,} times late, "
            f"{sums.absences:,} absences."
            for monday, sums in weeks.items()
        ],
        key="trend",
        title=f"{_finding('Lateness', late)}; {_finding('absence', absent)}",
        summary="Each point is a week, from Monday to Sunday.",
        x_label="Week from",
        y_label="Days",
    )


def _finding(what: str, values: list[int]) -> str:
    """The last whole half of the weeks against the first, where there are enough to say so."""
    half = len(values) // 2
    if half < 2:
        return f"{what} {sum(values):,} times"
    before, after = sum(values[:half]), sum(values[-half:])
    if before == after or abs(after - before) * 5 < max(before, after):
        return f"{what} stayed about the same"
    return f"{what} {'rose' if after > before else 'fell'} from {before:,} to {after:,}"


TREND = ReportKind(
    slug="trend",
    title="Trend by week",
    question="Do people come late, or stay away, more often than they did?",
    group="Drawn",
    icon="activity",
    columns=_columns,
    sections=_sections,
    span=Span.LAST_12_WEEKS,
    chart=_chart,
)
