"""Reading a spreadsheet line by line: CSV in the usual encodings, or XLSX.

Public surface: ``open_sheet``, ``OpenSheet``, ``SheetLimits``, ``SheetRow``, ``normalised``.
"""

from __future__ import annotations

import io
from typing import IO

from portal.core.sheets.headings import normalised
from portal.core.sheets.table import OpenSheet, SheetLimits, SheetRow, lay_out
from portal.core.sheets.text import csv_lines
from portal.core.sheets.workbook import xlsx_lines

__all__ = ["OpenSheet", "SheetLimits", "SheetRow", "normalised", "open_sheet"]


def open_sheet(file: IO[bytes], limits: SheetLimits) -> OpenSheet:
    """The kind is told by the bytes, not by the name. ``file`` can be sought in, and stays open.

    Raises ``DomainError`` with the limits' code, now or while the rows are read.
    """
    buffered = io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file
    size = buffered.seek(0, io.SEEK_END)
    if size > limits.max_bytes:
        raise limits.refused(f"it has more than {limits.max_bytes // 2**20} MB. Split it.")
    buffered.seek(0)
    is_workbook = buffered.read(4) == b"PK\x03\x04"
    buffered.seek(0)
    lines = xlsx_lines(buffered, limits) if is_workbook else csv_lines(buffered, size, limits)
    return lay_out(lines, limits)
