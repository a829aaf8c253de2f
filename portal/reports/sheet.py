"""What a report is made of: typed columns, rows in sections, totals. The same cells are shown on
screens and written to every kind of file.

Public surface: ``Cell``, ``Clock``, ``Column``, ``Kind``, ``Report``, ``Row``, ``Section``,
``Value``, ``cells_of``, ``h_mm``, ``shown``, ``totals_of``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from portal.reports.charts import Chart

__all__ = [
    "Cell",
    "Clock",
    "Column",
    "Kind",
    "Report",
    "Row",
    "Section",
    "Value",
    "cells_of",
    "h_mm",
    "shown",
    "totals_of",
]


class Kind(StrEnum):
    """What the cells of a column are; any of them may also hold text, or nothing."""

    TEXT = "text"
    # Whole minutes: 7:30 on screens, a duration that can be summed in Excel.
    MINUTES = "minutes"
    TIME = "time"
    DATE = "date"
    COUNT = "count"
    # In halves of a day, so that they stay whole numbers: 3 is a day and a half.
    DAYS = "days"


class Clock(NamedTuple):
    """A moment by the clocks of a place, within the day that it is counted to."""

    at: datetime
    day: date

    @property
    def text(self) -> str:
        ahead = (self.at.date() - self.day).days
        return f"{self.at:%H:%M}" if ahead == 0 else f"{self.at:%H:%M} {ahead:+d}"


Value = str | int | float | date | Clock | None


@dataclass(frozen=True, slots=True)
class Column:
    """``width`` is in characters. ``key`` is the same in every report that has the column; those
    with ``is_total`` are summed. ``is_spare`` ones are left out of PDF files, which are narrow.
    """

    key: str
    label: str
    kind: Kind = Kind.TEXT
    width: float = 10
    is_total: bool = False
    is_spare: bool = False
    hint: str = ""

    @property
    def is_number(self) -> bool:
        return self.kind in {Kind.MINUTES, Kind.COUNT, Kind.DAYS}


class Row(NamedTuple):
    cells: tuple[Value, ...]
    person_id: UUID | None = None


Totals = tuple[Value, ...]
_ONE_LINE = 24


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as a screen shows it; ``label`` names it where the table is a list of cards."""

    text: str
    label: str
    is_number: bool
    is_name: bool
    # Words that go on in the next line, where all else stays in one.
    is_long: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one title, with their own sums; most reports have one section without a title."""

    rows: Sequence[Row]
    title: str = ""
    note: str = ""
    totals: Totals = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``choices`` say in words what was asked for, ``people`` is how many the rows are about."""

    slug: str
    title: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    totals: Totals
    choices: tuple[tuple[str, str], ...]
    as_of: datetime
    zone: str
    people: int
    is_wide: bool = False
    notes: tuple[str, ...] = ()
    chart: Chart | None = field(default=None, compare=False)

    @property
    def rows(self) -> int:
        return sum(len(section.rows) for section in self.sections)

    @property
    def as_of_words(self) -> str:
        return f"{self.as_of:%-d %b %Y, %H:%M:%S} ({self.zone})"

    def total(self, key: str) -> Value:
        """Of the column ``key``. Raises ``KeyError`` where the report has no such total."""
        for column, value in zip(self.columns, self.totals, strict=True):
            if column.key == key and column.is_total:
                return value
        raise KeyError(key)


def totals_of(columns: Sequence[Column], rows: Iterable[Row]) -> Totals:
    """Sums of the columns that have one; words in between, such as “Absent”, count for nothing."""
    wanted = [number for number, column in enumerate(columns) if column.is_total]
    sums = dict.fromkeys(wanted, 0)
    for row in rows:
        for number in wanted:
            value = row.cells[number]
            if isinstance(value, int):
                sums[number] += value
    return tuple(sums.get(number) for number in range(len(columns)))


def h_mm(minutes: int) -> str:
    """ "7:05"; "-0:30"."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else ''}{hours}:{rest:02}"


def shown(value: Value, kind: Kind) -> str:
    """``value`` as screens and PDF files show it."""
    if isinstance(value, Clock):
        return value.text
    if isinstance(value, int | float):
        return _number(value, kind)
    if isinstance(value, date):
        return f"{value:%a %-d %b %Y}"
    return value or ""


def _number(value: float, kind: Kind) -> str:
    if kind is Kind.MINUTES:
        return h_mm(int(value))
    if kind is Kind.DAYS:
        return f"{value / 2:g}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"


def cells_of(columns: Sequence[Column], values: Sequence[Value]) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            shown(value, column.kind),
            column.label,
            column.is_number,
            column.key == "name",
            column.kind is Kind.TEXT and column.width > _ONE_LINE,
        )
        for column, value in zip(columns, values, strict=True)
    )
