"""Cells as files have them: plain, typed, and nothing that a program would run as a formula.

Public surface: ``csv_text``, ``file_name``.
"""

from __future__ import annotations

from datetime import date

from portal.core.spreadsheet import safe_cell
from portal.reports.sheet import Clock, Column, Kind, Report, Value

__all__ = ["csv_label", "csv_text", "file_name"]


def csv_label(column: Column) -> str:
    return f"{column.label} (min)" if column.kind is Kind.MINUTES else column.label


def csv_text(value: Value, kind: Kind) -> str:
    """Minutes as a number, days with a point, dates and times by ISO 8601 in local time."""
    if value is None:
        return ""
    if isinstance(value, Clock):
        return f"{value.at:%Y-%m-%d %H:%M}"
    if isinstance(value, int) and kind is Kind.DAYS:
        return f"{value / 2:g}"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return safe_cell(value)


def file_name(report: Report, suffix: str) -> str:
    """With the moment, so that two files of one report are not taken for each other."""
    return f"gatehouse-{report.slug}-{report.as_of:%Y-%m-%d-%H%M}.{suffix}"
