"""Reading a spreadsheet: CSV in the usual encodings, or XLSX. Public surface: ``read_sheet``."""

from portal.roster.sheets.table import MAX_COLUMNS, MAX_ROWS, MAX_SHEET_BYTES, Sheet, SheetRow
from portal.roster.sheets.text import read_csv
from portal.roster.sheets.workbook import read_xlsx

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "MAX_SHEET_BYTES", "Sheet", "SheetRow", "read_sheet"]


def read_sheet(data: bytes) -> Sheet:
    """The kind is told by the bytes, not by the name. Raises ``DomainError`` ``roster.sheet``."""
    return read_xlsx(data) if data[:4] == b"PK\x03\x04" else read_csv(data)
