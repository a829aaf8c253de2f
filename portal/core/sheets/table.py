"""What every kind of spreadsheet is read into, and the limits they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from portal.core.errors import DomainError

__all__ = ["OpenSheet", "SheetLimits", "SheetRow", "lay_out"]

_MAX_CELL: Final = 1000
# A spreadsheet takes a cell that begins so for a formula; no name, code or date does.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t")
# What people write where there is nothing.
_NOTHING: Final = frozenset({"-", "--", "–", "—"})


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """How much is taken at once. ``code`` is that of every refusal; with ``keeps_midnight`` a
    workbook's moment at midnight is a moment still, and not a day alone."""

    max_bytes: int
    max_rows: int
    max_unpacked_bytes: int
    max_columns: int = 60
    code: str = "sheet.refused"
    keeps_midnight: bool = False

    def refused(self, reason: str, **data: Any) -> DomainError:
        return DomainError(f"The spreadsheet was refused: {reason}", code=self.code, data=data)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """``cells`` has one text per heading; ``fault`` says why the whole line cannot be used;
    ``given`` is how many cells the line had itself."""

    line: int
    cells: tuple[str, ...]
    fault: str = ""
    given: int = 0


@dataclass(frozen=True, slots=True)
class OpenSheet:
    """``rows`` can be gone through once."""

    headings: tuple[str, ...]
    rows: Iterator[SheetRow]


def lay_out(lines: Iterable[tuple[int, list[str]]], limits: SheetLimits) -> OpenSheet:
    """The first line that is not empty holds the headings. Raises beyond ``max_rows``."""
    filled = _filled(lines)
    first = next(filled, None)
    if first is None:
        raise limits.refused("it is empty. The first line must hold the headings.")
    headings = first[1]
    while headings and not headings[-1]:
        headings.pop()
    if len(headings) > limits.max_columns:
        raise limits.refused(
            f"it has more than {limits.max_columns} columns; keep those that are needed."
        )
    names = tuple(heading[:120] for heading in headings)
    return OpenSheet(names, _rows(filled, limits, width=len(headings)))


def _rows(
    filled: Iterator[tuple[int, list[str]]], limits: SheetLimits, *, width: int
) -> Iterator[SheetRow]:
    count = 0
    for line, cells in filled:
        if count == limits.max_rows:
            raise limits.refused(
                f"it has more than {limits.max_rows:,} lines, the most that is taken at once. "
                "Split it."
            )
        count += 1
        yield _row(line, cells, width=width)
    if not count:
        raise limits.refused("there is no line below the headings.")


def _filled(lines: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for line, cells in lines:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield line, ["" if cell in _NOTHING else cell for cell in stripped]


def _row(line: int, cells: list[str], *, width: int) -> SheetRow:
    fault, given = "", len(cells)
    if any(cells[width:]):
        fault = (
            f"This line has {given} cells, and there are {width} headings. A cell that holds "
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
    return SheetRow(line, tuple(cell[:_MAX_CELL] for cell in cells), fault, given)
