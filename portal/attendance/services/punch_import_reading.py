"""The dry run: every line with what it would do, and the good ones set aside in lots.

Public surface: ``read_in_steps``. Nothing is entered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from portal.attendance.models import PunchImport, PunchImportPart, PunchImportRow
from portal.attendance.services.punch_import_columns import find_columns
from portal.attendance.services.punch_import_lease import held_by, renewed
from portal.attendance.services.punch_import_lines import FileRow, LineReader, Refused
from portal.attendance.services.punch_import_moments import Clock
from portal.attendance.services.punch_import_sorting import sort_rows
from portal.attendance.services.punch_import_storage import (
    LIMITS,
    delete_parts,
    ends_whole,
    keep_lot,
    open_file,
)
from portal.core.sheets import open_sheet

__all__ = ["note_refused", "read_in_steps"]

_LOT = 500

T = TypeVar("T")


def read_in_steps(imported: PunchImport, *, owner: str) -> Iterator[None]:
    """Reads some hundred lines with every step; at the end the import is ``checked``.

    It ends early where the lease was lost. Raises ``DomainError`` for a file that cannot be used
    as a whole. Begun anew, it forgets what was read before.
    """
    _begin(imported)
    with open_file(imported) as file:
        is_whole = ends_whole(file)
        sheet = open_sheet(file, LIMITS)
        reader = LineReader(
            find_columns(sheet.headings),
            Clock(ZoneInfo(imported.time_zone), is_month_first=imported.is_month_first),
            now=timezone.now(),
            width=len(sheet.headings),
            ends_whole=is_whole,
        )
        for position, lot in enumerate(_lots(reader.read(sheet.rows))):
            if not _take(imported, position, lot, owner=owner):
                return
            yield
    _end(imported, owner=owner)


def note_refused(imported: PunchImport, refused: Iterable[Refused]) -> None:
    PunchImportRow.objects.bulk_create(
        [
            PunchImportRow(
                punch_import=imported,
                line=each.line,
                content=each.content[:300],
                reason=each.reason[:300],
            )
            for each in refused
        ],
        batch_size=500,
    )


@transaction.atomic
def _begin(imported: PunchImport) -> None:
    imported.refused.all().delete()
    delete_parts(imported.parts.filter(kind=PunchImportPart.Kind.LOT))
    PunchImport.objects.filter(pk=imported.pk).update(
        rows_total=0, rows_new=0, rows_known=0, rows_refused=0, first_at=None, last_at=None
    )


@transaction.atomic
def _take(
    imported: PunchImport, position: int, lot: Sequence[FileRow | Refused], *, owner: str
) -> bool:
    row = held_by(imported, owner, state=PunchImport.State.CHECKING)
    if row is None:
        return False
    found = sort_rows([each for each in lot if isinstance(each, FileRow)])
    refused = [each for each in lot if isinstance(each, Refused)] + found.refused
    note_refused(imported, refused)
    if found.new:
        keep_lot(imported, position, [each.row for each in found.new])
        moments = [each.row.at for each in found.new]
        row.first_at = min(moments) if row.first_at is None else min(row.first_at, *moments)
        row.last_at = max(moments) if row.last_at is None else max(row.last_at, *moments)
    row.rows_total += len(lot)
    row.rows_new += len(found.new)
    row.rows_known += found.known
    row.rows_refused += len(refused)
    renewed(row).save()
    return True


@transaction.atomic
def _end(imported: PunchImport, *, owner: str) -> None:
    row = held_by(imported, owner, state=PunchImport.State.CHECKING)
    if row is None:
        return
    # The file itself has been read to its end: the lots hold all that may still be needed.
    delete_parts(row.parts.filter(kind=PunchImportPart.Kind.FILE))
    row.state = PunchImport.State.CHECKED
    row.leased_by, row.leased_until, row.attempts = "", None, 0
    row.save()


def _lots(rows: Iterator[T]) -> Iterator[list[T]]:
    while lot := list(islice(rows, _LOT)):
        yield lot
