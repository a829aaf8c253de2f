"""A roster's rows as a CSV for spreadsheet programs, and the sample to begin with.

Public surface: ``report_lines``, ``SAMPLE``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from portal.audit.services import record
from portal.core.context import require
from portal.core.spreadsheet import safe_cell
from portal.roster.models import RosterImport
from portal.roster.selectors import row_views, rows_of, stray_photos

__all__ = ["SAMPLE", "report_lines"]

SAMPLE: Final = (
    "\ufeffCode,First name,Last name,E-mail,Department,Site,Employed from,Employed to,Consent,"
    "Consent date,Photos\r\n"
    "1001,Ada,Okafor,ada@example.org,Year 7 / 7b,,2026-09-01,,yes,2026-08-20,1001_1.jpg; "
    "1001_2.jpg\r\n"
    "1002,Bruno,Keller,bruno@example.org,Office,,2024-02-01,,no,,\r\n"
)
_HEADINGS: Final = ("Line", "Code", "Name", "Outcome", "Changed", "Photos used", "Reason", "Photos")
_PAGE: Final = 500


def report_lines(roster: RosterImport) -> Iterator[str]:
    """Every row, then the photos that nobody claimed. Writes an audit row first."""
    require("people.import")
    record("roster.report.exported", target=roster, after={"rows": roster.rows.count()})
    return _lines(roster)


def _lines(roster: RosterImport) -> Iterator[str]:
    # The mark tells Excel that it is UTF-8.
    yield "\ufeff" + _line(_HEADINGS)
    rows = rows_of(roster)
    for start in range(0, rows.count(), _PAGE):
        for view in row_views(list(rows[start : start + _PAGE])):
            row = view.row
            yield _line(
                (
                    row.line,
                    row.code,
                    view.name,
                    row.get_outcome_display(),
                    view.changes,
                    view.good_photos,
                    row.reason,
                    " | ".join(view.notes),
                )
            )
    for photo in stray_photos(roster, limit=10_000):
        yield _line(("", "", "", "Photo not claimed", "", "", photo.reason, photo.name))


def _line(cells: tuple[object, ...]) -> str:
    file = io.StringIO()
    csv.writer(file).writerow([safe_cell(cell) for cell in cells])
    return file.getvalue()
