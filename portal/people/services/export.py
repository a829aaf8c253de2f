"""The list of people as a file, for those who may take it out of the house.

Templates are never part of it, and no cell can be run as a formula. The rows are written to a
file on disk, which is then sent piece by piece: memory does not grow with the list.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import date, datetime
from typing import IO, Final
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.spreadsheet import safe_cell
from portal.people.consents import active_consents
from portal.people.models import Consent, Person

__all__ = ["COLUMNS", "ExportKind", "export_people"]

_AT_ONCE: Final = 500
_IN_MEMORY_BYTES: Final = 1024 * 1024
_SHORTEST_REASON: Final = 3

Value = str | int | date | None


class ExportKind(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel (XLSX)"


_BASES: Final[dict[str, str]] = {b.value: str(b.label) for b in Consent.Basis}
COLUMNS: Final[dict[str, Callable[[Person], Value]]] = {
    "Code": lambda p: p.code,
    "Name": lambda p: p.name,
    "E-mail": lambda p: p.email,
    "Site": lambda p: p.site.name,
    "Department": lambda p: p.department.path if p.department else "",
    "State": lambda p: p.get_status_display(),
    "First day": lambda p: p.employed_from,
    "Last day": lambda p: p.employed_to,
    "Photos": lambda p: getattr(p, "photo_count", 0),
    "Basis of the consent": lambda p: _BASES.get(getattr(p, "consent_basis", None) or "", ""),
    "Consent given": lambda p: _day(p, "consent_given_at"),
    "Consent ends": lambda p: _day(p, "consent_expires_at"),
    "Added": lambda p: _day(p, "created_at"),
}
_WIDTHS: Final = {"Name": 30, "E-mail": 32, "Department": 34, "Basis of the consent": 24}


@transaction.atomic
def export_people(
    people: QuerySet[Person], *, kind: str, reason: str, filters: Iterable[str]
) -> IO[bytes]:
    """``people`` (of ``visible_people``) as an open file, read from its beginning.

    ``filters`` names what narrowed the list, for the audit row. Raises ``DomainError``
    ``export.reason`` without a reason.
    """
    require("people.export")
    if len(reason.strip()) < _SHORTEST_REASON:
        raise DomainError(
            "Say what the list is for: the reason is kept in the audit log.", code="export.reason"
        )
    if kind not in ExportKind.values:
        raise DomainError("A list is exported as CSV or XLSX.", code="export.kind")
    consent = active_consents().filter(person=OuterRef("pk"))
    rows = people.annotate(
        consent_basis=Subquery(consent.values("basis")[:1]),
        consent_given_at=Subquery(consent.values("given_at")[:1]),
        consent_expires_at=Subquery(consent.values("expires_at")[:1]),
    )
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))
        write = _write_csv if kind == ExportKind.CSV else _write_xlsx
        count = write(file, rows.iterator(chunk_size=_AT_ONCE))
        record(
            "people.exported",
            after={"people": count, "format": kind, "filters": sorted(filters)},
            reason=reason.strip()[:500],
        )
        file.seek(0)
        # From here on whoever sends the file closes it.
        stack.pop_all()
    return file


def _write_csv(file: IO[bytes], people: Iterator[Person]) -> int:
    # The mark tells Excel that this is UTF-8.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer, count = csv.writer(text), 0
    writer.writerow(COLUMNS)
    for person in people:
        writer.writerow(
            safe_cell(v.isoformat() if isinstance(v, date) else v) for v in _values(person)
        )
        count += 1
    text.detach()
    return count


def _write_xlsx(file: IO[bytes], people: Iterator[Person]) -> int:
    # Takes a tenth of a second to load, and most processes never export.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet("People")
    sheet.freeze_panes = "A2"
    for number, column in enumerate(COLUMNS):
        sheet.column_dimensions[chr(ord("A") + number)].width = _WIDTHS.get(column, 14)
    header = [WriteOnlyCell(sheet, value=column) for column in COLUMNS]
    for cell in header:
        cell.font = Font(bold=True)
    sheet.append(header)
    count = 0
    for person in people:
        # Numbers and days stay what they are, so that they can be sorted and summed.
        sheet.append([v if isinstance(v, int | date) else safe_cell(v) for v in _values(person)])
        count += 1
    book.save(file)
    return count


def _values(person: Person) -> list[Value]:
    return [read(person) for read in COLUMNS.values()]


def _day(person: Person, name: str) -> date | None:
    """The day of an instant in the zone of the person's site."""
    moment = getattr(person, name)
    if not isinstance(moment, datetime):
        return None
    return moment.astimezone(ZoneInfo(person.site.time_zone)).date()
