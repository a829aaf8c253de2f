"""The changes of a what-if as a file for a spreadsheet. Public surface: ``changes_csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from portal.calibration.selectors.what_if.rows import ChangeRow
from portal.core.spreadsheet import safe_cell
from portal.people.selectors import PersonName

__all__ = ["changes_csv"]

_HEAD = (
    "when (UTC)", "camera", "change", "before", "name before", "after", "name after",
    "most like", "score", "threshold then", "threshold proposed", "visit", "face",
)  # fmt: skip


def changes_csv(rows: Iterable[ChangeRow]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for row in rows:
        one = row.change
        cells = (
            one.at.isoformat(timespec="seconds"),
            one.camera.name if one.camera is not None else "",
            one.get_change_display(),
            one.before_kind,
            _name(row.was),
            one.after_kind,
            _name(row.becomes),
            _name(row.suggested),
            one.score,
            row.old,
            row.new,
            one.visit_id,
            one.face_id,
        )
        writer.writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()


def _name(person: PersonName | None) -> str:
    return person.name if person is not None else ""
