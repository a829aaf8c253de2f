"""A report as CSV: one line of names, then rows. Public surface: ``write_csv``,
``write_rows``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import IO

from portal.reports.files.cells import csv_label, csv_text
from portal.reports.sheet import Column, Report, Row

__all__ = ["write_csv", "write_rows"]


def write_csv(report: Report, file: IO[bytes], *, has_mark: bool = True) -> None:
    rows = (row for section in report.sections for row in section.rows)
    write_rows(file, report.columns, rows, has_mark=has_mark)


def write_rows(
    file: IO[bytes], columns: Sequence[Column], rows: Iterable[Row], *, has_mark: bool = True
) -> None:
    """``has_mark`` tells Excel that the text is UTF-8; other programs can do without."""
    text = io.TextIOWrapper(
        file, encoding="utf-8-sig" if has_mark else "utf-8", newline="", write_through=True
    )
    writer = csv.writer(text)
    kinds = [column.kind for column in columns]
    writer.writerow([csv_label(column) for column in columns])
    writer.writerows(map(csv_text, row.cells, kinds) for row in rows)
    text.detach()
