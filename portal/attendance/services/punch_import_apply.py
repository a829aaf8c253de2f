"""Entering what was good: a lot at a time, each in one transaction with all that it says.

Public surface: ``apply_lot``, ``begin_import``. A lot that a lost worker had entered is gone with
what it did, so nothing is done twice; and were it done, the punches have keys.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from portal.attendance.models import Punch, PunchImport, PunchImportPart
from portal.attendance.services.enter import NewPunch, enter_punches
from portal.attendance.services.punch_import_lease import held_by, renewed
from portal.attendance.services.punch_import_lifecycle import end_import
from portal.attendance.services.punch_import_reading import note_refused
from portal.attendance.services.punch_import_sorting import sort_rows
from portal.attendance.services.punch_import_storage import delete_parts, next_lot, read_lot
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.jobs.dispatch import ring_on_commit
from portal.jobs.models import Job
from portal.jobs.selectors import cancelled_jobs
from portal.jobs.services import advance_job, create_job

__all__ = ["apply_lot", "begin_import"]

_State = PunchImport.State


@transaction.atomic
def begin_import(import_id: UUID) -> PunchImport:
    """From the dry run to the deed, as a job. A file with nothing new is closed at once."""
    require("attendance.manage")
    row = PunchImport.objects.select_for_update().get(pk=import_id)
    if row.state != _State.CHECKED:
        raise DomainError(
            "Only a file that was read can be applied, and only once.",
            code="punches.state",
            http_status=409,
        )
    if not row.rows_new:
        return end_import(row, state=_State.APPLIED)
    row.job = create_job(
        kind=Job.Kind.IMPORT_PUNCHES, title=f"Import {row.file_name}", total=row.rows_new
    )
    row.state, row.attempts = _State.APPLYING, 0
    row.save()
    record("attendance.import.begun", target=row, after={"rows": row.rows_new})
    ring_on_commit("attendance.import")
    return row


@transaction.atomic
def apply_lot(imported: PunchImport, *, owner: str) -> bool:
    """Enter the next lot; False where there is none left, or nobody wants it any more."""
    actor = require("attendance.manage")
    row = held_by(imported, owner, state=_State.APPLYING)
    if row is None:
        return False
    if row.job_id is not None and cancelled_jobs([row.job_id]):
        end_import(row, state=_State.STOPPED, message="It was stopped.")
        return False
    lot = next_lot(row)
    if lot is None:
        end_import(row, state=_State.APPLIED)
        return False
    # Asked again, since somebody may have left, or the same file have come twice, meanwhile.
    rows = read_lot(lot)
    found = sort_rows(rows)
    entered = enter_punches(
        [
            NewPunch(
                person_id=each.person_id,
                at=each.row.at,
                source=Punch.Source.IMPORT,
                idempotency_key=each.key,
                direction=each.row.direction,
                place=each.row.place,
                punch_import_id=row.pk,
                entered_by=actor.label,
            )
            for each in found.new
        ],
        cause="punch_import",
    )
    note_refused(row, found.refused)
    delete_parts(PunchImportPart.objects.filter(pk=lot.pk))
    _count(row, len(rows), new=sum(each.is_new for each in entered), refused=len(found.refused))
    return True


def _count(row: PunchImport, size: int, *, new: int, refused: int) -> None:
    known = size - new - refused
    # They were all counted as new when the file was read.
    row.rows_new -= known + refused
    row.rows_known += known
    row.rows_refused += refused
    row.attempts = 0
    renewed(row).save()
    if row.job_id is not None:
        advance_job(row.job_id, done=new + known, failed=refused)
