"""A report's rows as text in cells, counted without being made. Public surface: ``Screen``,
``ScreenLine``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from portal.reports.sheet import Cell, Column, Report, Row, Section, Value, cells_of

__all__ = ["Screen", "ScreenLine"]


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """A row; a section's title stands before its first one, and its sums behind its last one."""

    cells: tuple[Cell, ...]
    person_id: UUID | None
    title: str = ""
    note: str = ""
    totals: tuple[Cell, ...] = ()


class Screen:
    """All lines of a report; a page of them is made into text when it is asked for."""

    def __init__(self, report: Report) -> None:
        self._report = report
        is_split = any(section.title for section in report.sections)
        self._chosen = [
            (number, column)
            for number, column in enumerate(report.columns)
            if not column.is_spare and not (is_split and column.key in {"code", "name"})
        ]
        self._is_split = is_split

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(column for _, column in self._chosen)

    @property
    def totals(self) -> tuple[Cell, ...]:
        """Of the whole report."""
        if not any(column.is_total for column in self._report.columns) or not self._report.rows:
            return ()
        return self._cells(self._report.totals)

    def __len__(self) -> int:
        return self._report.rows

    def __getitem__(self, which: slice) -> list[ScreenLine]:
        start, stop, _ = which.indices(len(self))
        return list(self._lines(start, stop))

    def _lines(self, start: int, stop: int) -> Iterator[ScreenLine]:
        at = 0
        for section in self._report.sections:
            rows = section.rows
            for number in range(max(0, start - at), min(len(rows), stop - at)):
                is_first = number == 0 or at + number == start
                is_last = number == len(rows) - 1
                yield self._line(rows[number], section, is_first=is_first, is_last=is_last)
            at += len(rows)
            if at >= stop:
                return

    def _line(self, row: Row, section: Section, *, is_first: bool, is_last: bool) -> ScreenLine:
        return ScreenLine(
            self._cells(row.cells),
            row.person_id,
            title=section.title if is_first else "",
            note=section.note if is_first else "",
            totals=self._cells(section.totals) if self._is_split and is_last else (),
        )

    def _cells(self, values: tuple[Value, ...]) -> tuple[Cell, ...]:
        return cells_of(self.columns, [values[number] for number, _ in self._chosen])
