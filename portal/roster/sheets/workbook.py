"""XLSX: an archive of XML, guarded as such before openpyxl sees it. Formulas are not calculated."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from portal.core.errors import DomainError
from portal.roster.archive import ArchiveLimits, ArchiveReader, EntryRefused, open_archive
from portal.roster.sheets.table import (
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_SHEET_BYTES,
    Sheet,
    collect,
    refused_sheet,
)

__all__ = ["read_xlsx"]

# XML shrinks more than fiftyfold, so that only what comes out counts. 10,000 lines have 10 MB.
_LIMITS: Final = ArchiveLimits(
    max_files=2000,
    max_unpacked_bytes=64 * 1024 * 1024,
    max_entry_bytes=64 * 1024 * 1024,
    has_ratio_limit=False,
)
_DECLARATION: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def read_xlsx(data: bytes) -> Sheet:
    """The sheet that lies on top. Raises ``DomainError`` ``roster.sheet``."""
    if len(data) > MAX_SHEET_BYTES:
        raise refused_sheet(f"it has more than {MAX_SHEET_BYTES // 2**20} MB. Split it.")
    _inspect(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.active
            if sheet is None or not hasattr(sheet, "iter_rows"):
                raise refused_sheet("it holds no table.")
            return collect(_lines(sheet))
        finally:
            book.close()
    except (
        InvalidFileException,
        DefusedXmlException,
        ParseError,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
    ) as error:
        # What openpyxl raises for a broken workbook is whatever its parsing trips over.
        raise refused_sheet(
            "it is not a readable XLSX file. Save it as XLSX or CSV again."
        ) from error


def _inspect(data: bytes) -> None:
    """Every part unpacked once, with limits, so that openpyxl meets no surprise."""
    try:
        with open_archive(io.BytesIO(data), limits=_LIMITS) as archive:
            reader = ArchiveReader(archive, limits=_LIMITS)
            names = set()
            for info in archive.infolist():
                if info.filename in names:
                    raise refused_sheet("a part occurs in it twice. Save it again.")
                names.add(info.filename)
                # Zeros taken out, since XML may be UTF-16 as well.
                if _DECLARATION.search(reader.read(info).replace(b"\0", b"")):
                    raise refused_sheet("it declares entities, which no spreadsheet needs.")
    except EntryRefused as error:
        raise refused_sheet(f"a part of it cannot be read. {error}") from error
    except DomainError as error:
        raise DomainError(error.message, code="roster.sheet") from error


def _lines(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    # A cell far below makes openpyxl give all the empty lines above it.
    last = MAX_ROWS * 10
    rows = sheet.iter_rows(max_row=last + 1, max_col=MAX_COLUMNS + 1, values_only=True)
    for number, values in enumerate(rows, start=1):
        if number > last:
            raise refused_sheet(
                f"it has more than {MAX_ROWS:,} lines, the most that is taken at once. Split it."
            )
        yield number, [_text(value) for value in values]


def _text(value: Any) -> str:
    """A cell as it would stand in a CSV. A formula keeps its “=”, and is refused by that."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # An array formula is an object of its own.
    return f"={value.text or ''}" if hasattr(value, "text") else str(value)
