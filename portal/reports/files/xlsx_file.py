"""A report as XLSX: a title sheet, and one with the rows, whose durations, dates and counts are
numbers that Excel can add up.

Public surface: ``write_xlsx``, ``write_book``. openpyxl makes the book and its styles; the rows
are written straight into its sheet, since it takes a quarter of a minute for a month of 2,000
people. The same rows give the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from portal.core.spreadsheet import safe_cell
from portal.reports.sheet import Clock, Column, Kind, Report, Row, Totals, Value

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["write_book", "write_xlsx"]

_FORMATS: Final = {
    Kind.MINUTES: "[h]:mm",
    Kind.TIME: "hh:mm",
    Kind.DATE: "ddd d mmm yyyy",
    Kind.DAYS: "0.0",
    # Not "#,##0.##", which shows 3 as "3.".
    Kind.COUNT: "General",
    Kind.TEXT: "@",
}
_EPOCH: Final = date(1899, 12, 30)
_MINUTES_A_DAY: Final = 1440
_MOST_ROWS: Final = 1_048_576
_ROWS_AT_ONCE: Final = 2000
# A time that no file is of, so that the bytes tell of the content alone.
_ZIP_TIME: Final = (2000, 1, 1, 0, 0, 0)
_SHEET: Final = "xl/worksheets/sheet2.xml"
# openpyxl writes the moment of saving into it.
_CORE: Final = "docProps/core.xml"
_MODIFIED: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MADE_XML: Final = b"2000-01-01T00:00:00Z"


def write_xlsx(report: Report, file: IO[bytes]) -> None:
    about = [
        ("Report", report.title),
        *report.choices,
        ("Rows", f"{report.rows:,}"),
        ("As of", report.as_of_words),
        *(("Note", note) for note in report.notes),
    ]
    rows = (row for section in report.sections for row in section.rows)
    write_book(
        file, title=report.title, about=about, columns=report.columns, rows=rows,
        totals=report.totals if any(column.is_total for column in report.columns) else (),
    )  # fmt: skip


def write_book(
    file: IO[bytes],
    *,
    title: str,
    about: Sequence[tuple[str, str]],
    columns: Sequence[Column],
    rows: Iterable[Row],
    totals: Totals = (),
) -> None:
    plain, bold, book = _book(title, about, columns)
    with (
        zipfile.ZipFile(io.BytesIO(book)) as source,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as target,
    ):
        for name in sorted(source.namelist()):
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = source.read(name)
            if name == _CORE:
                content = _MODIFIED.sub(_MADE_XML, content)
            with target.open(entry, "w", force_zip64=True) as out:
                if name != _SHEET:
                    out.write(content)
                    continue
                before, _, after = content.partition(b"</sheetData>")
                out.write(before)
                writer = _Cells(columns, plain)
                for piece in writer.rows(rows, first=2):
                    out.write(piece.encode())
                if totals:
                    out.write(_Cells(columns, bold).total(totals, writer.next).encode())
                out.write(b"</sheetData>" + after)


def _book(
    title: str, about: Sequence[tuple[str, str]], columns: Sequence[Column]
) -> tuple[list[int], list[int], bytes]:
    """The numbers of the styles, plain and bold, and a book with everything but the rows."""
    # Takes a tenth of a second to load, and most processes never export.
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.properties.creator = "Gatehouse"
    book.properties.title = safe_cell(title)
    front = book.worksheets[0]
    front.title = "About"
    _fill_front(front, about)
    sheet = book.create_sheet("Report")
    book.active = 1
    front.sheet_view.tabSelected = False
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    plain: list[int] = []
    bold: list[int] = []
    rule = Border(top=Side(style="thin", color="8891A2"))
    for number, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width + 2
        for weight, found in ((False, plain), (True, bold)):
            # A row each: what a style is made of is not copied when it is numbered.
            sample = sheet.cell(3 if weight else 2, number)
            sample.number_format = _FORMATS[column.kind]
            sample.font = Font(bold=weight)
            if column.kind is not Kind.TEXT:
                sample.alignment = Alignment(horizontal="right")
            sample.border = rule if weight else Border()
            found.append(sample.style_id)
        head = sheet.cell(1, number, safe_cell(column.label))
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor="EEF1F6")
        head.alignment = Alignment(
            horizontal="left" if column.kind is Kind.TEXT else "right", vertical="center"
        )
    # The samples were there for their styles alone.
    sheet.delete_rows(2, 2)
    raw = io.BytesIO()
    book.save(raw)
    return plain, bold, raw.getvalue()


def _fill_front(sheet: Worksheet, about: Sequence[tuple[str, str]]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.column_dimensions["A"].width = 16
    sheet.column_dimensions["B"].width = 90
    for number, (name, value) in enumerate(about, 1):
        sheet.cell(number, 1, safe_cell(name)).font = Font(bold=True)
        cell = sheet.cell(number, 2, safe_cell(value))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.cell(1, 2).font = Font(bold=True, size=14)


@dataclass(slots=True)
class _Cells:
    """Rows of one sheet as XML, with a style for each column."""

    columns: Sequence[Column]
    styles: Sequence[int]
    next: int = 0

    def rows(self, rows: Iterable[Row], *, first: int) -> Iterator[str]:
        self.next = first
        pieces: list[str] = []
        shapes = [
            (column.kind, style) for column, style in zip(self.columns, self.styles, strict=True)
        ]
        for row in rows:
            if self.next >= _MOST_ROWS:
                break
            pieces.append(self._row(row.cells, shapes))
            if len(pieces) == _ROWS_AT_ONCE:
                yield "".join(pieces)
                pieces.clear()
        yield "".join(pieces)

    def total(self, totals: Totals, number: int) -> str:
        self.next = number
        cells = list(totals)
        if cells and cells[0] is None:
            cells[0] = "Total"
        shapes = [
            (column.kind, style) for column, style in zip(self.columns, self.styles, strict=True)
        ]
        return self._row(tuple(cells), shapes)

    def _row(self, cells: tuple[Value, ...], shapes: Sequence[tuple[Kind, int]]) -> str:
        parts = [f'<row r="{self.next}">']
        self.next += 1
        for value, (kind, style) in zip(cells, shapes, strict=True):
            if value is None:
                parts.append(f'<c s="{style}"/>')
            elif isinstance(value, str):
                parts.append(f'<c s="{style}" t="inlineStr"><is><t>{_text(value)}</t></is></c>')
            else:
                parts.append(f'<c s="{style}"><v>{_number(value, kind)}</v></c>')
        parts.append("</row>")
        return "".join(parts)


# Names and words come again and again.
_TEXTS: Final[dict[str, str]] = {}
_MOST_TEXTS: Final = 20_000


def _text(value: str) -> str:
    known = _TEXTS.get(value)
    if known is None:
        if len(_TEXTS) >= _MOST_TEXTS:
            _TEXTS.clear()
        known = _TEXTS[value] = escape(safe_cell(value))
    return known


def _number(value: Clock | date | float, kind: Kind) -> str:
    if isinstance(value, Clock):
        at = value.at
        minutes = (at.hour * 60 + at.minute) / _MINUTES_A_DAY
        return repr((at.date() - _EPOCH).days + minutes)
    if isinstance(value, date):
        return str((value - _EPOCH).days)
    if kind is Kind.MINUTES:
        return repr(value / _MINUTES_A_DAY)
    if kind is Kind.DAYS:
        return f"{value / 2:g}"
    return str(value)
