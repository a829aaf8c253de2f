"""Telling payroll of a period: once locked, it is exported, and again in the same bytes.

Public surface: ``PayrollFile``, ``export_payroll``, ``kept_statement``.
"""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from portal.attendance.models import Adjustment, Period
from portal.attendance.selectors.periods import adjustments_for, hold_periods
from portal.attendance.services.periods import require_whole
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.keyring import VaultError
from portal.core.vault import key_ids_of, vault
from portal.people.models import Person
from portal.people.services import person_key
from portal.reports.files.csv_file import write_rows
from portal.reports.files.xlsx_file import write_book
from portal.reports.payroll import (
    HOURS,
    Statement,
    columns_of,
    rows_of,
    sealed_names_in,
    statement_bytes,
    statement_of,
    sums_of,
)
from portal.reports.selectors.payroll import statement_now
from portal.reports.services.export import CONTENT_TYPES, SHORTEST_REASON, FileKind

__all__ = ["FORMS", "PayrollFile", "export_payroll", "kept_statement"]

FORMS: Final = {FileKind.CSV.value: "CSV", FileKind.XLSX.value: "Excel (XLSX)"}
_PURPOSE: Final = "payroll"
_ERASED: Final = "Erased person"


@dataclass(frozen=True, slots=True)
class PayrollFile:
    """``is_first`` where this was the export that payroll has the period by."""

    content: bytes
    name: str
    content_type: str
    sha256: str
    is_first: bool


@transaction.atomic
def export_payroll(period: Period, *, form: str, hours: str, reason: str) -> PayrollFile:
    """Raises ``DomainError``: ``export.kind``, ``export.reason``, ``period.reach``, and
    ``period.open`` where the period is not locked."""
    actor = require("payroll.manage")
    require("reports.export")
    if form not in FORMS or hours not in HOURS:
        raise DomainError("The export is CSV or XLSX, in minutes or in hours.", code="export.kind")
    if len(reason.strip()) < SHORTEST_REASON:
        raise DomainError(
            "Say what the file is for: the reason is kept in the audit log.", code="export.reason"
        )
    hold_periods(exclusive=True)
    locked = Period.objects.select_for_update(of=("self",)).select_related("site").get(pk=period.pk)
    require_whole(actor, locked)
    if locked.state == Period.State.OPEN:
        raise DomainError(
            "This period is still open: its days may change. Lock it, then export it.",
            code="period.open",
            http_status=409,
        )
    is_first = locked.state == Period.State.LOCKED
    statement = _first_statement(locked) if is_first else kept_statement(locked)
    content = _content(statement, form=form, hours=hours)
    digest = hashlib.sha256(content).hexdigest()
    if is_first:
        locked.state, locked.exported_at = Period.State.EXPORTED, statement.made_at
        locked.exported_sha256 = digest
        locked.save(update_fields=["state", "exported_at", "exported_sha256", "statement_key"])
    record(
        "payroll.exported",
        target=locked,
        before={"state": Period.State.LOCKED.value if is_first else Period.State.EXPORTED.value},
        after={
            "state": Period.State.EXPORTED.value,
            "format": form,
            "hours": hours,
            "people": len(statement.lines),
            "sha256": digest,
            "again": not is_first,
        },
        reason=reason.strip()[:500],
    )
    return PayrollFile(content, _file_name(statement, form), CONTENT_TYPES[form], digest, is_first)


def kept_statement(period: Period) -> Statement:
    """What payroll was told. Names of people who have been erased since are gone from it."""
    require("payroll.manage")
    content = vault().get(period.statement_key)
    sealed = {
        person_id: base64.b64decode(name) for person_id, name in sealed_names_in(content).items()
    }
    vault().keys.load(key_ids_of(sealed.values()))
    return statement_of(content, {person_id: _opened(name) for person_id, name in sealed.items()})


def _opened(name: bytes) -> str:
    try:
        return vault().open(name, purpose=_PURPOSE).decode()
    except VaultError:
        return _ERASED


def _first_statement(period: Period) -> Statement:
    """Made now and kept, with the adjustments that it carries from now on."""
    adjustments = list(adjustments_for(period))
    statement = statement_now(period, adjustments, made_at=timezone.now().replace(microsecond=0))
    Adjustment.objects.filter(pk__in=[one.pk for one in adjustments]).update(reported_in=period)
    people = Person.objects.in_bulk([line.person_id for line in statement.lines])
    by_id = {str(pk): person for pk, person in people.items()}
    sealed = {
        line.person_id: base64.b64encode(
            vault().seal(
                line.name.encode(), purpose=_PURPOSE, data_key=person_key(by_id[line.person_id])
            )
        ).decode()
        for line in statement.lines
    }
    period.statement_key = vault().put(_PURPOSE, statement_bytes(statement, sealed))
    return statement


def _content(statement: Statement, *, form: str, hours: str) -> bytes:
    columns, file = columns_of(statement, hours), io.BytesIO()
    rows = list(rows_of(statement, hours))
    if form == FileKind.CSV:
        write_rows(file, columns, rows)
        return file.getvalue()
    made_at = statement.made_at.astimezone(ZoneInfo("UTC"))
    about = [
        ("Payroll", f"{statement.first} to {statement.last}"),
        ("Site", statement.site or "All sites"),
        ("People", f"{len(statement.lines):,}"),
        ("As of", f"{made_at:%-d %b %Y, %H:%M:%S} (UTC)"),
        ("Adjusted", "What earlier periods turned out to be off by; “Total” has it in it."),
    ]
    write_book(
        file,
        title="Payroll",
        about=about,
        columns=columns,
        rows=rows,
        totals=sums_of(statement, hours),
    )
    return file.getvalue()


def _file_name(statement: Statement, form: str) -> str:
    return f"gatehouse-payroll-{statement.first}-{statement.last}.{form}"
