"""Keeping a report under a name, and having it mailed. Public surface: ``keep_report``,
``forget_report``, ``Wanted``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.reports.choices import Choices
from portal.reports.kinds.base import ReportKind
from portal.reports.models import SavedReport
from portal.reports.services.export import SHORTEST_REASON, FileKind
from portal.reports.spans import Span
from portal.reports.turns import next_turn

__all__ = ["MOST_RECIPIENTS", "Wanted", "forget_report", "keep_report"]

MOST_RECIPIENTS: Final = 20
_LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Under which name, and whether it goes out by itself; ``reason`` says what the mails are
    for."""

    name: str
    rhythm: str = ""
    form: str = FileKind.XLSX
    recipients: Sequence[str] = ()
    reason: str = ""


@transaction.atomic
def keep_report(kind: ReportKind, choices: Choices, wanted: Wanted) -> SavedReport:
    """A name that the actor used before is replaced. Raises ``DomainError`` ``report.saved``, and
    ``PermissionMissing`` where it is to be mailed by somebody who may export nothing."""
    actor = require("reports.view")
    owner = User.objects.filter(pk=int(actor.id)).first() if actor.id.isdigit() else None
    name = wanted.name.strip()
    if owner is None:
        raise _refused("A report is kept for a user, and this is none.")
    if not name or len(name) > _LONGEST_NAME:
        raise _refused(f"Give the report a name of at most {_LONGEST_NAME} letters.")
    recipients = _recipients(wanted, choices) if wanted.rhythm else []
    values = {
        "kind": kind.slug,
        "choices": choices.parameters(),
        "rhythm": wanted.rhythm,
        "format": wanted.form,
        "recipients": recipients,
        "next_at": next_turn(wanted.rhythm, zone=choices.zone, after=timezone.now()),
    }
    report, _ = SavedReport.objects.update_or_create(owner=owner, name=name, defaults=values)
    record(
        "reports.saved",
        target=report,
        after={
            "report": kind.slug,
            "rhythm": wanted.rhythm or "never",
            "format": wanted.form,
            "recipients": len(recipients),
        },
        reason=wanted.reason.strip()[:500],
    )
    return report


@transaction.atomic
def forget_report(report: SavedReport) -> None:
    require("reports.view")
    record("reports.forgotten", target=report, before={"report": report.kind})
    report.delete()


def _recipients(wanted: Wanted, choices: Choices) -> list[str]:
    require("reports.export")
    if wanted.rhythm not in SavedReport.Rhythm.values or wanted.form not in FileKind.values:
        raise _refused("Choose from the lists how often it is sent, and as which kind of file.")
    if choices.span == Span.DATES:
        raise _refused(
            "A report that is sent again and again needs dates in words, such as “last month”; "
            "these would be the same dates for ever."
        )
    found = list(dict.fromkeys(one.strip().lower() for one in wanted.recipients if one.strip()))
    if not 1 <= len(found) <= MOST_RECIPIENTS:
        raise _refused(f"Name from one to {MOST_RECIPIENTS} addresses that it is sent to.")
    for address in found:
        try:
            validate_email(address)
        except ValidationError:
            raise _refused(f"“{address[:80]}” is not an e-mail address.") from None
    if len(wanted.reason.strip()) < SHORTEST_REASON:
        raise _refused("Say what the mails are for: the reason is kept in the audit log.")
    return found


def _refused(message: str) -> DomainError:
    return DomainError(message, code="report.saved")
