"""How commands print: one JSON object for programs, aligned tables for people.

Public surface: ``print_json``, ``print_table``, ``complain``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["complain", "print_json", "print_table"]


def print_json(value: Any) -> None:
    """One line of JSON; a NaN is refused, because JSON has none."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as their widest cell; cells that are all numbers stand to the right."""
    cells = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    is_number = [
        bool(column) and all(map(_is_number, column)) for column in zip(*cells, strict=True)
    ]
    is_number += [False] * (len(header) - len(is_number))
    for row in (tuple(header), *cells):
        aligned = (
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, is_number, strict=True)
        )
        print("  ".join(aligned).rstrip())


def complain(message: str) -> None:
    """Something was wrong: say so where it does not mix with results."""
    print(message, file=sys.stderr)


def _is_number(cell: str) -> bool:
    try:
        float(cell.rstrip(" %").replace(",", "") or "0")
    except ValueError:
        return cell in {"–", "-"}
    return True
