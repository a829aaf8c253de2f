"""Which group a picture or a person belongs to. Public surface: ``read_groups``."""

from __future__ import annotations

import csv
from pathlib import Path

from recognition.datasets._text import read_lines
from recognition.datasets.errors import DatasetRejected

__all__ = ["read_groups"]

_HEADERS = {"file", "path", "name", "person", "identity", "class"}


def read_groups(path: Path) -> dict[str, str]:
    """Read CSV lines ``file,label``; the first column may also name a person's folder.

    A first line whose first cell is ``file``, ``path``, ``name``, ``person``, ``identity`` or
    ``class`` is a header. Look a picture up by its path below the root, then by its folder's name.
    Raises ``DatasetRejected`` for another number of columns and for two labels of one file.
    """
    lines = read_lines(path)
    groups: dict[str, str] = {}
    for (number, _), cells in zip(lines, csv.reader(line for _, line in lines), strict=True):
        fields = [cell.strip() for cell in cells]
        if len(fields) != 2 or not all(fields):
            raise DatasetRejected(f"{path}, line {number} is {cells!r}; expected file,label.")
        if number == lines[0][0] and fields[0].lower() in _HEADERS:
            continue
        if groups.setdefault(fields[0], fields[1]) != fields[1]:
            raise DatasetRejected(
                f"{path}, line {number} puts {fields[0]} into {fields[1]!r}; an earlier line "
                f"says {groups[fields[0]]!r}."
            )
    if not groups:
        raise DatasetRejected(f"{path} names no groups; expected lines file,label.")
    return groups
