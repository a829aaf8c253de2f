"""XLSX: an archive of XML, guarded as such before openpyxl sees it. Formulas are not calculated."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from portal.core.archive import ArchiveLimits, ArchiveReader, EntryRefused, open_archive
from portal.core.sheets.table import SheetLimits

__all__ = ["xlsx_lines"]

_MAX_FILES: Final = 2000
# As many as the format itself allows.
_LAST_ROW: Final = 1_048_576
_DECLARATION: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
# A declaration that lies across two chunks is found in the second.
_OVERLAP_BYTES: Final = 64
# What openpyxl raises for a broken workbook is whatever its parsing trips over.
_BROKEN: Final = (
    InvalidFileException,
    DefusedXmlException,
    ParseError,
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
)


def xlsx_lines(file: IO[bytes], limits: SheetLimits) -> Iterator[tuple[int, list[str]]]:
    """The sheet that lies on top."""
    _inspect(file, limits)
    file.seek(0)
    try:
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.active
            if sheet is None or not hasattr(sheet, "iter_rows"):
                raise limits.refused("it holds no table.")
            yield from _lines(sheet, limits)
        finally:
            book.close()
    except _BROKEN as error:
        raise limits.refused(
            "it is not a readable XLSX file. Save it as XLSX or CSV again."
        ) from error


def _inspect(file: IO[bytes], limits: SheetLimits) -> None:
    """Every part unpacked once, with limits, so that openpyxl meets no surprise."""
    # XML shrinks more than fiftyfold, so that only what comes out counts.
    held = ArchiveLimits(
        max_files=_MAX_FILES,
        max_unpacked_bytes=limits.max_unpacked_bytes,
        max_entry_bytes=limits.max_unpacked_bytes,
        has_ratio_limit=False,
        code=limits.code,
    )
    try:
        with open_archive(file, limits=held) as archive:
            reader = ArchiveReader(archive, limits=held)
            names = set()
            for info in archive.infolist():
                if info.filename in names:
                    raise limits.refused("a part occurs in it twice. Save it again.")
                names.add(info.filename)
                if _declares(reader.chunks(info)):
                    raise limits.refused("it declares entities, which no spreadsheet needs.")
    except EntryRefused as error:
        raise limits.refused(f"a part of it cannot be read. {error}") from error


def _declares(chunks: Iterator[bytes]) -> bool:
    tail, is_found = b"", False
    for chunk in chunks:
        # Zeros taken out, since XML may be UTF-16 as well.
        data = tail + chunk.replace(b"\0", b"")
        is_found = is_found or _DECLARATION.search(data) is not None
        tail = data[-_OVERLAP_BYTES:]
    return is_found


def _lines(sheet: Any, limits: SheetLimits) -> Iterator[tuple[int, list[str]]]:
    # A cell far below makes openpyxl give all the empty lines above it.
    last = min(limits.max_rows * 10, _LAST_ROW)
    rows = sheet.iter_rows(max_row=last + 1, max_col=limits.max_columns + 1, values_only=True)
    for number, values in enumerate(rows, start=1):
        if number > last:
            raise limits.refused(
                f"it has more than {limits.max_rows:,} lines, the most that is taken at once. "
                "Split it."
            )
        yield number, [_text(value, limits) for value in values]


def _text(value: Any, limits: SheetLimits) -> str:
    """A cell as it would stand in a CSV. A formula keeps its “=”, and is refused by that."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        if value.time() != time() or limits.keeps_midnight:
            return str(value)
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # An array formula is an object of its own.
    return f"={value.text or ''}" if hasattr(value, "text") else str(value)
