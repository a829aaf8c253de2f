"""A roll-call as a file: every person a row, times in the site's zone. Public: ``as_csv``."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.spreadsheet import safe_cell
from portal.muster.selectors import Report

__all__ = ["as_csv"]

_HEAD: Final = (
    "Name",
    "Code",
    "Department",
    "State",
    "Seen last at",
    "Seen last",
    "Perhaps gone before",
    "Added",
    "Marked",
    "Marked by",
    "Seconds until safe",
)


def as_csv(report: Report) -> str:
    """With a byte order mark, so that spreadsheet programs read names as they are written."""
    zone = ZoneInfo(report.event.site.time_zone)

    def clock(at: datetime | None) -> str:
        return at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else ""

    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for line in report.lines:
        entry = line.entry
        cells: tuple[object, ...] = (
            entry.person.name,
            entry.person.code,
            entry.department.path if entry.department else "",
            entry.get_state_display(),
            entry.last_place,
            clock(entry.last_seen_at),
            "yes" if entry.is_unsure else "",
            "yes" if entry.was_added else "",
            clock(entry.changed_at),
            entry.changed_by,
            round(line.after.total_seconds()) if line.after is not None else "",
        )
        writer.writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()
