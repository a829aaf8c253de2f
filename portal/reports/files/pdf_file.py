"""A report as PDF on A4: the head of the table on every page, and “page n of m” below.

Public surface: ``MOST_ROWS``, ``write_pdf``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final

from portal.core.errors import DomainError
from portal.reports.files.faces import UNDRAWN, Faces
from portal.reports.files.pdf_chart import CHART_HEIGHT, draw_chart
from portal.reports.files.pdf_table import Line, Table, lines_of
from portal.reports.sheet import Report

__all__ = ["MOST_ROWS", "write_pdf"]

_A4: Final = (595.28, 841.89)
_MARGIN: Final = 30.0
_FOOT: Final = 34.0
_TITLE: Final = 15.0
_SMALL: Final = 8.0
_LEADING: Final = 11.5
_INK: Final = "0.08 0.10 0.14"
_MUTED: Final = "0.33 0.37 0.44"
_RULE: Final = "0.80 0.83 0.87"
_SHADE: Final = "0.93 0.95 0.97"
# A month of 2,000 people. Beyond it nobody leafs through the pages.
MOST_ROWS: Final = 70_000


@dataclass(slots=True)
class _Page:
    """What is drawn on one page below its head: lines with the height that they begin at."""

    lines: list[tuple[float, Line]] = field(default_factory=list)
    title: str = ""
    note: str = ""
    is_first: bool = False
    is_signed: bool = False


def write_pdf(report: Report, file: IO[bytes]) -> None:
    """Raises ``DomainError`` ``report.too_long`` beyond ``MOST_ROWS``."""
    if report.rows > MOST_ROWS:
        raise DomainError(
            f"This report has {report.rows:,} rows. A PDF holds {MOST_ROWS:,} at most: choose "
            "fewer days or people, or take the Excel file.",
            code="report.too_long",
        )
    # Takes a third of a second to load, and most processes never write one.
    from reportlab.pdfgen.canvas import Canvas

    size = _A4[::-1] if report.is_wide else _A4
    canvas = Canvas(file, pagesize=size, pageCompression=1, lang="en-GB")
    canvas.setTitle(f"{report.title}, {report.choices[0][1]}")
    canvas.setAuthor("Gatehouse")
    canvas.setCreator("Gatehouse")
    writer = _Writer(canvas, report, size)
    writer.write()
    canvas.save()


class _Writer:
    def __init__(self, canvas: Any, report: Report, size: tuple[float, float]) -> None:
        self._canvas, self._report = canvas, report
        self._width, self._height = size
        self._faces = Faces(canvas._doc)  # noqa: SLF001 - where fonts leave what they need
        self._table = Table.of(report, self._faces, width=self._width - 2 * _MARGIN)

    def write(self) -> None:
        pages = list(self._pages())
        for number, page in enumerate(pages, 1):
            self._draw(page, number, len(pages))
            self._canvas.showPage()

    def _head_height(self, page: _Page) -> float:
        if not page.is_first:
            return 24.0 + (18.0 if page.title else 0)
        said = len(self._report.choices) + len(self._report.notes)
        chart = CHART_HEIGHT + 24 if self._report.chart else 0
        return 30.0 + _LEADING * said + 10 + (22.0 if page.title else 0) + chart

    def _pages(self) -> Iterator[_Page]:
        """Where each line goes: known before anything is drawn, so that every page can say how
        many there are."""
        report, page = self._report, _Page(is_first=True)
        sections, is_split = report.sections, self._table.is_split
        y = self._top(page)
        for number, section in enumerate(sections):
            if is_split:
                if number:
                    yield page
                page = _Page(title=section.title, note=section.note, is_first=number == 0)
                page.is_signed = True
                y = self._top(page)
            for line in lines_of(self._table, section, is_split or len(sections) == 1):
                if y - line.height < _FOOT + _MARGIN:
                    yield page
                    page = _Page(title=section.title, note=section.note)
                    y = self._top(page)
                page.lines.append((y, line))
                y -= line.height
        yield page

    def _top(self, page: _Page) -> float:
        return self._height - _MARGIN - self._head_height(page) - self._table.head_height

    def _draw(self, page: _Page, number: int, count: int) -> None:
        top = self._height - _MARGIN
        y = self._draw_first(top) if page.is_first else self._draw_next(top)
        if page.title:
            self._text(_MARGIN, y - 12, page.title, 11, is_bold=True)
            self._text_right(self._width - _MARGIN, y - 12, page.note, _SMALL, _MUTED)
        y = self._top(page)
        self._draw_table_head(y)
        for at, line in page.lines:
            self._draw_line(at, line)
        if page.is_signed and page.lines:
            self._draw_signatures(page.lines[-1][0] - page.lines[-1][1].height - 40)
        self._draw_foot(number, count)

    def _draw_first(self, y: float) -> float:
        report = self._report
        self._text(_MARGIN, y - 14, report.title, _TITLE, is_bold=True)
        self._text_right(self._width - _MARGIN, y - 14, "Gatehouse", 9, _MUTED)
        y -= 30
        for name, value in report.choices:
            self._text(_MARGIN, y - 8, name, _SMALL, _MUTED)
            self._text(_MARGIN + 70, y - 8, value, _SMALL)
            y -= _LEADING
        for note in report.notes:
            self._text(_MARGIN, y - 8, note, _SMALL, _MUTED)
            y -= _LEADING
        if report.chart:
            self._text(_MARGIN, y - 14, report.chart.title, 10, is_bold=True)
            draw_chart(self._canvas, self._faces, report.chart, x=_MARGIN, top=y - 20)
            y -= CHART_HEIGHT + 24
        return y - 10

    def _draw_next(self, y: float) -> float:
        self._text(_MARGIN, y - 9, self._report.title, 9, is_bold=True)
        self._text_right(self._width - _MARGIN, y - 9, self._report.choices[0][1], _SMALL, _MUTED)
        return y - 18

    def _draw_table_head(self, top: float) -> None:
        table = self._table
        code = self._canvas
        width = self._width - 2 * _MARGIN
        code.addLiteral(
            f"{_SHADE} rg {_MARGIN:g} {top:.2f} {width:.2f} {table.head_height:.2f} re f"
        )
        for column in table.columns:
            x = _MARGIN + column.x
            for number, words in enumerate(column.head):
                y = top + table.head_height - (number + 1) * table.leading
                if column.is_right:
                    self._text_right(
                        x + column.width - table.pad, y, words, table.size, is_bold=True
                    )
                else:
                    self._text(x + table.pad, y, words, table.size, is_bold=True)

    def _draw_line(self, top: float, line: Line) -> None:
        table, code = self._table, self._canvas
        if line.is_total:
            code.addLiteral(
                f"{_INK} RG 0.7 w {_MARGIN:g} {top:.2f} m {self._width - _MARGIN:.2f} {top:.2f} l S"
            )
        else:
            bottom = top - line.height
            code.addLiteral(
                f"{_RULE} RG 0.4 w {_MARGIN:g} {bottom:.2f} m "
                f"{self._width - _MARGIN:.2f} {bottom:.2f} l S"
            )
        faces, size, is_bold = self._faces, table.size, line.is_total
        parts = [f"{_INK} rg BT"]
        for column, texts in zip(table.columns, line.cells, strict=True):
            for number, text in enumerate(texts):
                if not text:
                    continue
                y = top - table.pad - (number + 1) * table.leading + 2
                x = _MARGIN + column.x + table.pad
                if column.is_right:
                    x = _MARGIN + column.x + column.width - table.pad
                    x -= faces.width(text, size, is_bold=is_bold)
                parts.append(
                    f"1 0 0 1 {x:.2f} {y:.2f} Tm {faces.operators(text, size, is_bold=is_bold)}"
                )
        parts.append("ET")
        code.addLiteral(" ".join(parts))

    def _draw_signatures(self, y: float) -> None:
        if y < _FOOT + _MARGIN:
            return
        for number, words in enumerate(("Date and signature", "Checked by")):
            x = _MARGIN + number * 240
            self._canvas.addLiteral(f"{_INK} RG 0.6 w {x:g} {y:.2f} m {x + 200:g} {y:.2f} l S")
            self._text(x, y - 10, words, _SMALL, _MUTED)

    def _draw_foot(self, number: int, count: int) -> None:
        report, y = self._report, _MARGIN - 4
        times = next((value for name, value in report.choices if name == "Times"), report.zone)
        said = f"As of {report.as_of_words} · Times {times}"
        if self._faces.lacks:
            said += (
                f" · {UNDRAWN} letters that this file cannot draw: CSV and Excel files have them"
            )
        self._text(_MARGIN, y, said, 7, _MUTED)
        self._text_right(self._width - _MARGIN, y, f"page {number:,} of {count:,}", 7, _MUTED)

    def _text(
        self, x: float, y: float, text: str, size: float, ink: str = _INK, *, is_bold: bool = False
    ) -> None:
        operators = self._faces.operators(text, size, is_bold=is_bold)
        self._canvas.addLiteral(f"{ink} rg BT 1 0 0 1 {x:.2f} {y:.2f} Tm {operators} ET")

    def _text_right(
        self, x: float, y: float, text: str, size: float, ink: str = _INK, *, is_bold: bool = False
    ) -> None:
        width = self._faces.width(text, size, is_bold=is_bold)
        self._text(x - width, y, text, size, ink, is_bold=is_bold)
