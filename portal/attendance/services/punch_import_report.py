"""What of a file was refused, as a CSV to be mended and imported again. Public surface:
``export_refused``."""

from __future__ import annotations

import csv
import io
from typing import IO

from portal.attendance.models import PunchImport
from portal.attendance.selectors.punch_import import refused_rows
from portal.audit.services import record
from portal.core.spreadsheet import safe_cell

__all__ = ["export_refused"]


def export_refused(imported: PunchImport) -> IO[bytes]:
    """Writes an audit row."""
    rows = refused_rows(imported)
    record("attendance.import.exported", target=imported, after={"rows": imported.rows_refused})
    # No larger than the file that was uploaded, and the reasons.
    file = io.BytesIO()
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(("Line", "Reason", "What the line held"))
    for row in rows.iterator(chunk_size=2000):
        writer.writerow([safe_cell(cell) for cell in (row.line, row.reason, row.content)])
    text.detach()
    file.seek(0)
    return file
