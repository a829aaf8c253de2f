"""What every kind of spreadsheet is read into, and the limits they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from portal.core.errors import DomainError

__all__ = [
    "MAX_COLUMNS",
    "MAX_ROWS",
    "MAX_SHEET_BYTES",
    "Sheet",
    "SheetRow",
    "collect",
    "refused_sheet",
]

MAX_SHEET_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 10_000
MAX_COLUMNS: Final = 60
_MAX_CELL: Final = 1000
# A spreadsheet takes a cell that begins so for a formula; no name, code or date does.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t")
# What people write where there is nothing.
_NOTHING: Final = frozenset({"-", "--", "–", "—"})


@dataclass(frozen=True, slots=True)
class SheetRow:
    """``cells`` has one text per heading; ``fault`` says why the whole line cannot be used."""

    line: int
    cells: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def refused_sheet(reason: str) -> DomainError:
    return DomainError(f"The spreadsheet was refused: {reason}", code="roster.sheet")


def collect(lines: Iterable[tuple[int, list[str]]]) -> Sheet:
    """The first line that is not empty holds the headings. Stops reading beyond ``MAX_ROWS``."""
    filled = _filled(lines)
    first = next(filled, None)
    if first is None:
        raise refused_sheet("it is empty. The first line must hold the headings.")
    headings = first[1]
    while headings and not headings[-1]:
        headings.pop()
    if len(headings) > MAX_COLUMNS:
        raise refused_sheet(f"it has more than {MAX_COLUMNS} columns; keep those that are needed.")
    rows: list[SheetRow] = []
    for line, cells in filled:
        if len(rows) == MAX_ROWS:
            raise refused_sheet(
                f"it has more than {MAX_ROWS:,} lines, the most that is taken at once. Split it."
            )
        rows.append(_row(line, cells, width=len(headings)))
    if not rows:
        raise refused_sheet("there is no line below the headings.")
    return Sheet(tuple(heading[:120] for heading in headings), tuple(rows))


def _filled(lines: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for line, cells in lines:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield line, ["" if cell in _NOTHING else cell for cell in stripped]


def _row(line: int, cells: list[str], *, width: int) -> SheetRow:
    fault = ""
    if any(cells[width:]):
        fault = (
            f"This line has {len(cells)} cells, and there are {width} headings. A cell that holds "
            "the separator needs quotes."
        )
    cells = (cells + [""] * width)[:width]
    for cell in cells:
        if cell.startswith(_FORMULA_STARTS):
            fault = fault or (
                f"A cell begins with “{cell[0]}”, as formulas do. Formulas are not calculated "
                "here: put in the value."
            )
        elif len(cell) > _MAX_CELL:
            fault = fault or f"A cell has more than {_MAX_CELL} characters."
    return SheetRow(line, tuple(cell[:_MAX_CELL] for cell in cells), fault)
