"""Cells of CSV and XLSX files that no spreadsheet program takes for a formula.

Public surface: ``safe_cell``. Every export of the portal writes its cells through it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["safe_cell"]

# What Excel, LibreOffice and Google Sheets begin a formula with, and the white space that some
# of them skip before it (OWASP, "CSV injection"). The full-width forms are folded by Excel.
_STARTS: Final = frozenset("=+-@\t\r\n＝＋－＠")


def safe_cell(value: object) -> str:
    """The text of ``value`` for one cell; None is empty.

    Text that a program could run is marked as text by an apostrophe, which readers show or drop;
    control characters, which end a cell or a file early, become spaces. Numbers stay as they are:
    what is typed as a number cannot be a formula, so ``-3`` keeps its sign.
    """
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = str(value)
    is_risky = bool(text) and (text[0] in _STARTS or text.lstrip()[:1] in _STARTS)
    shown = "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in text)
    return f"'{shown}" if is_risky else shown
