"""Reading a roster's spreadsheet, which is small enough to be held. Public surface: ``read_sheet``,
``Sheet``, ``SheetRow`` and the limits."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from portal.core.sheets import SheetLimits, SheetRow, open_sheet

__all__ = ["MAX_ROWS", "MAX_SHEET_BYTES", "Sheet", "SheetRow", "read_sheet"]

MAX_SHEET_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 10_000
_LIMITS: Final = SheetLimits(
    max_bytes=MAX_SHEET_BYTES,
    max_rows=MAX_ROWS,
    # 10,000 lines have 10 MB.
    max_unpacked_bytes=64 * 1024 * 1024,
    code="roster.sheet",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(data: bytes) -> Sheet:
    """The kind is told by the bytes, not by the name. Raises ``DomainError`` ``roster.sheet``."""
    sheet = open_sheet(io.BytesIO(data), _LIMITS)
    return Sheet(sheet.headings, tuple(sheet.rows))
