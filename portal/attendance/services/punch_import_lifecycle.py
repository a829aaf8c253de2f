"""A file of punches from its upload to its end.

Public surface: ``take_in``, ``end_import``, ``stop_import``, ``discard_import``,
``purge_imports``, ``is_import_waiting``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User
from portal.attendance.models import PunchImport
from portal.attendance.services.punch_import_columns import find_columns
from portal.attendance.services.punch_import_storage import (
    LIMITS,
    delete_parts,
    open_file,
    store_file,
)
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError, PermissionMissing
from portal.core.sheets import open_sheet
from portal.core.vault import vault
from portal.jobs.dispatch import ring_on_commit
from portal.jobs.models import Job
from portal.jobs.services import finish_job

__all__ = [
    "discard_import",
    "end_import",
    "is_import_waiting",
    "purge_imports",
    "stop_import",
    "take_in",
]

_State = PunchImport.State
# A file that nobody applied is a list of when people came and went: it does not lie about.
_UNAPPLIED_LIFE: Final = timedelta(hours=24)
# What was refused is of use while somebody may still mend it.
_REFUSED_LIFE: Final = timedelta(days=90)


@transaction.atomic
def take_in(
    chunks: Iterable[bytes], *, file_name: str, time_zone: str, is_month_first: bool = False
) -> PunchImport:
    """Seal what is uploaded as it comes, look at its first line, and have the rest read.

    Raises ``DomainError`` for a file that cannot be imported at all; nothing of it is kept then.
    """
    actor = require("attendance.manage")
    user = User.objects.filter(pk=int(actor.id)).first() if actor.kind == "user" else None
    if user is None:
        raise PermissionMissing("Punches are imported by somebody with an account.")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DomainError(
            "There is no such time zone. Choose one of the list.", code="punches.zone"
        ) from None
    imported = PunchImport.objects.create(
        file_name=file_name[:200],
        imported_by=user,
        imported_by_label=actor.label[:254],
        time_zone=time_zone,
        is_month_first=is_month_first,
    )
    digest = hashlib.sha256()
    try:
        store_file(imported, _digested(chunks, digest))
        with open_file(imported) as file:
            find_columns(open_sheet(file, LIMITS).headings)
    except (DomainError, OSError):
        # The rows go with the transaction; the blobs would stay.
        vault().delete_all(list(imported.parts.values_list("key", flat=True)))
        raise
    imported.sha256 = digest.hexdigest()
    imported.save(update_fields=["sha256"])
    record("attendance.import.uploaded", target=imported)
    ring_on_commit("attendance.import")
    return imported


@transaction.atomic
def end_import(imported: PunchImport, *, state: str, message: str = "") -> PunchImport:
    """Applied, stopped or refused: what lies sealed goes, the counts and the reasons stay."""
    row = PunchImport.objects.select_for_update().get(pk=imported.pk)
    if row.is_ended:
        return row
    row.state, row.message, row.ended_at = state, message[:500], timezone.now()
    row.leased_by, row.leased_until = "", None
    if state == _State.REFUSED:
        # Of a file that cannot be used nothing is said line by line.
        row.refused.all().delete()
        row.rows_total = row.rows_new = row.rows_known = row.rows_refused = 0
    row.save()
    delete_parts(row.parts.all())
    job = row.job
    if job is not None and not job.is_finished:
        ended = Job.State.DONE if state == _State.APPLIED else Job.State.FAILED
        finish_job(job.pk, state=ended, message=message)
    record(
        "attendance.import.ended",
        target=row,
        after={
            "state": str(state),
            "rows": row.rows_total,
            "new": row.rows_new,
            "known": row.rows_known,
            "refused": row.rows_refused,
        },
    )
    return row


@transaction.atomic
def stop_import(import_id: UUID) -> PunchImport:
    """Stop after the lot that is being entered; what was entered stays."""
    require("attendance.manage")
    row = PunchImport.objects.select_for_update().get(pk=import_id)
    if row.state != _State.APPLYING:
        raise _wrong_state("This import is not running.")
    if row.job_id is not None:
        finish_job(row.job_id, state=Job.State.CANCELLED, message="It was stopped.")
    return end_import(row, state=_State.STOPPED, message="It was stopped.")


@transaction.atomic
def discard_import(import_id: UUID) -> None:
    """Give up a file that was not applied: nothing of it is kept."""
    require("attendance.manage")
    row = PunchImport.objects.select_for_update().get(pk=import_id)
    if row.state not in {_State.CHECKING, _State.CHECKED, _State.REFUSED}:
        raise _wrong_state("This import was begun; what it entered stays.")
    delete_parts(row.parts.all())
    record("attendance.import.discarded", target=row)
    row.delete()


def purge_imports() -> int:
    """Delete what was never applied, and old reasons with the lines that they are about; returns
    how many imports that were."""
    now = timezone.now()
    stale = PunchImport.objects.filter(
        state__in=[_State.CHECKED, _State.REFUSED], changed_at__lt=now - _UNAPPLIED_LIFE
    )
    count = 0
    for row in stale:
        with transaction.atomic():
            delete_parts(row.parts.all())
            row.delete()
        count += 1
    over = PunchImport.objects.filter(ended_at__lt=now - _REFUSED_LIFE).exclude(refused=None)
    for row in over.distinct():
        row.refused.all().delete()
        count += 1
    return count


def is_import_waiting() -> bool:
    """Whether a file waits whose worker, or whose bell, was lost."""
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    return PunchImport.objects.filter(free, state__in=PunchImport.BUSY).exists()


def _digested(chunks: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _wrong_state(message: str) -> DomainError:
    return DomainError(message, code="punches.state", http_status=409)
