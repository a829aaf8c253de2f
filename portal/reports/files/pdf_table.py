"""How wide the columns of a PDF's table are, and its rows as lines of text that fit into them.

Public surface: ``Line``, ``Table``, ``lines_of``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from portal.reports.files.faces import Faces
from portal.reports.sheet import Column, Kind, Report, Section, Totals, Value, shown

__all__ = ["Line", "Table", "lines_of"]

_SIZES: Final = (8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
_MOST_LINES: Final = 4
_NARROWEST: Final = 22.0
_DATE_WIDTH: Final = 5


@dataclass(frozen=True, slots=True)
class _Placed:
    """A column where it lies; ``head`` is its label in as many lines as it needs."""

    number: int
    kind: Kind
    x: float
    width: float
    is_right: bool
    head: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A row, each cell in as many lines of text as it needs."""

    cells: tuple[tuple[str, ...], ...]
    height: float
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[_Placed, ...]
    size: float
    is_split: bool
    faces: Faces
    totals: Totals

    @property
    def pad(self) -> float:
        return 2.0 if self.size < 7 else 3.0

    @property
    def leading(self) -> float:
        return self.size * 1.25

    @property
    def head_height(self) -> float:
        return self.leading * max(len(column.head) for column in self.columns) + 5

    @classmethod
    def of(cls, report: Report, faces: Faces, *, width: float) -> Table:
        """Columns as wide as what is in them; smaller letters where that is too much, and then
        less room for words, which go on in the next line."""
        is_split = any(section.title for section in report.sections)
        chosen = [
            (number, column)
            for number, column in enumerate(report.columns)
            if not column.is_spare and not (is_split and column.key in {"code", "name"})
        ]
        wide = [_natural(report, number, column, faces) for number, column in chosen]
        size = next(
            (size for size in _SIZES if _needed(wide, size) <= width and size >= 7), None
        ) or next((size for size in _SIZES if _needed(wide, size) <= width), _SIZES[-1])
        pad = 2.0 if size < 7 else 3.0
        widths = _fitted(
            [one * size + 2 * pad for one in wide], [column.kind for _, column in chosen], width
        )
        placed, x = [], 0.0
        for (number, column), room in zip(chosen, widths, strict=True):
            is_right = column.kind is not Kind.TEXT and column.kind is not Kind.DATE
            head = tuple(
                # The heads of a month's dates look alike: a weekday above a number.
                column.label.split()
                if column.width <= _DATE_WIDTH
                else _wrapped(column.label, room - 2 * pad, size, faces, is_bold=True)
            )
            placed.append(_Placed(number, column.kind, x, room, is_right, head))
            x += room
        return cls(tuple(placed), size, is_split, faces, report.totals)


def _natural(report: Report, number: int, column: Column, faces: Faces) -> float:
    """The width of the widest cell, in letters' heights; of words at most what the column asks."""
    label = max(
        (faces.width(word, 1.0, is_bold=True) for word in column.label.split()), default=0.0
    )
    texts = {
        shown(row.cells[number], column.kind) for section in report.sections for row in section.rows
    }
    cells = max((faces.width(text, 1.0) for text in texts), default=0.0)
    total = report.totals[number] if report.totals else None
    sums = faces.width(shown(total, column.kind), 1.0, is_bold=True)
    if column.kind is Kind.TEXT:
        cells = min(cells, column.width * 0.55)
    return max(label, cells, sums)


def _needed(wide: Sequence[float], size: float) -> float:
    pad = 2.0 if size < 7 else 3.0
    return sum(one * size + 2 * pad for one in wide)


def _fitted(widths: list[float], kinds: Sequence[Kind], room: float) -> list[float]:
    """What is over is shared by the words, what is lacking taken from them first."""
    words = sum(one for one, kind in zip(widths, kinds, strict=True) if kind is Kind.TEXT)
    spare = room - sum(widths)
    if spare >= 0 and words:
        share = min(spare / words, 0.8)
        return [
            one * (1 + share) if kind is Kind.TEXT else one
            for one, kind in zip(widths, kinds, strict=True)
        ]
    if words:
        share = max(0.0, 1 + spare / words)
        widths = [
            max(min(_NARROWEST, one), one * share) if kind is Kind.TEXT else one
            for one, kind in zip(widths, kinds, strict=True)
        ]
    over = sum(widths) / room
    return [one / over for one in widths] if over > 1 else widths


def lines_of(table: Table, section: Section, has_totals: bool) -> Iterator[Line]:
    for row in section.rows:
        yield _line(table, row.cells)
    if has_totals and any(value is not None for value in section.totals):
        yield _line(table, section.totals, is_total=True)


def _line(table: Table, cells: Sequence[Value], *, is_total: bool = False) -> Line:
    texts: list[tuple[str, ...]] = []
    most = 1
    for place, column in enumerate(table.columns):
        text = shown(cells[column.number], column.kind)
        if is_total and place == 0 and not text:
            text = "Total"
        room = column.width - 2 * table.pad
        if not text or table.faces.width(text, table.size, is_bold=is_total) <= room:
            texts.append((text,))
            continue
        wrapped = tuple(_wrapped(text, room, table.size, table.faces, is_bold=is_total))
        most = max(most, len(wrapped))
        texts.append(wrapped)
    return Line(tuple(texts), most * table.leading + 2 * table.pad, is_total)


def _wrapped(
    text: str, room: float, size: float, faces: Faces, *, is_bold: bool = False
) -> list[str]:
    """Broken between words, and inside one that is too long by itself."""

    def fits(part: str) -> bool:
        return faces.width(part, size, is_bold=is_bold) <= room

    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if fits(longer):
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while not fits(line) and len(line) > 1:
            cut = next((n for n in range(len(line) - 1, 1, -1) if fits(line[:n])), 1)
            lines.append(line[:cut])
            line = line[cut:]
    lines.append(line)
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1][:-1]}…"]
    return lines
