"""Mailing the reports that are due, each turn once, with the rights that their owners have now.

Public surface: ``LARGEST_BYTES``, ``send_due``.
"""

from __future__ import annotations

from datetime import datetime
from smtplib import SMTPException
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.mail import mail_is_configured
from portal.accounts.models import User
from portal.audit.services import record
from portal.core.context import Actor, acting_as, require
from portal.core.errors import DomainError
from portal.reports.catalogue import kind_of
from portal.reports.choices import Choices, choices_of
from portal.reports.models import ReportRun, SavedReport
from portal.reports.selectors.making import make_report
from portal.reports.services.export import Exported, written
from portal.reports.turns import next_turn

__all__ = ["LARGEST_BYTES", "send_due"]

logger = structlog.get_logger(__name__)

# What most mail servers still take, once it is a third longer for the way.
LARGEST_BYTES: Final = 10 * 1024 * 1024
_LONGEST_MESSAGE: Final = 300
_INTERRUPTED: Final = "Gatehouse stopped while it was being sent. The next turn is sent as usual."


class _NotSent(Exception):
    """Why a report was not sent, in words for its owner."""


def send_due() -> int:
    """How many turns were taken. One that was missed, because nothing ran, is sent late, once."""
    due = SavedReport.objects.filter(next_at__lte=timezone.now()).order_by("next_at", "pk")
    taken = 0
    for report_id in list(due.values_list("pk", flat=True)):
        run = _take(report_id)
        if run is not None:
            taken += 1
            _send(run)
    return taken


def _take(report_id: UUID) -> ReportRun | None:
    """Make the turn this worker's before anything is sent: a worker that dies in between has sent
    too little, and never twice. None where another one has it."""
    try:
        with transaction.atomic():
            report = SavedReport.objects.select_for_update().filter(pk=report_id).first()
            now = timezone.now()
            if report is None or report.next_at is None or report.next_at > now:
                return None
            due_at = report.next_at
            report.next_at = next_turn(report.rhythm, zone=_zone(report, now), after=now)
            report.save(update_fields=["next_at"])
            return ReportRun.objects.create(
                report=report, due_at=due_at, state=ReportRun.State.FAILED, message=_INTERRUPTED
            )
    except IntegrityError:
        return None


def _zone(report: SavedReport, now: datetime) -> str:
    with acting_as(_actor_of(report.owner)):
        try:
            return _choices(report, now).zone
        except DomainError:
            return timezone.get_default_timezone_name()


def _send(run: ReportRun) -> None:
    report = run.report
    owner = User.objects.prefetch_related("sites", "departments").get(pk=report.owner_id)
    with acting_as(_actor_of(owner)):
        try:
            exported = _made(run, owner)
            _mail(run, exported)
        except (_NotSent, DomainError) as error:
            message = error.message if isinstance(error, DomainError) else str(error)
            logger.warning("report_not_sent", report=str(report.pk), reason=type(error).__name__)
            run.message = message[:_LONGEST_MESSAGE]
        else:
            run.state, run.message, run.rows = ReportRun.State.SENT, "", exported.report.rows
    run.save(update_fields=["state", "message", "rows"])
    if not owner.is_active:
        # It would fail every time: whoever takes the account up again starts it anew.
        SavedReport.objects.filter(pk=report.pk).update(next_at=None)


def _made(run: ReportRun, owner: User) -> Exported:
    report = run.report
    if not owner.is_active:
        raise _NotSent("The account that it belongs to was switched off.")
    if not mail_is_configured():
        raise _NotSent("No mail server is set up. Whoever runs Gatehouse sets GATEHOUSE_EMAIL_URL.")
    require("reports.export")
    made = make_report(kind_of(report.kind), _choices(report, run.due_at))
    exported = written(made, form=report.format)
    size = exported.file.seek(0, 2)
    exported.file.seek(0)
    if size > LARGEST_BYTES:
        exported.file.close()
        raise _NotSent(
            f"The file has {size / 1024 / 1024:.0f} MB, and mails carry "
            f"{LARGEST_BYTES // 1024 // 1024} MB at most. Narrow the report, or fetch it here."
        )
    return exported


def _mail(run: ReportRun, exported: Exported) -> None:
    report, made = run.report, exported.report
    why = (
        f"{settings.SITE_NAME} sends this because {report.owner} asked for it "
        f"({report.get_rhythm_display().lower()}). They can stop it under Reports."
    )
    lines = [
        made.title,
        *(f"{name}: {value}" for name, value in made.choices),
        f"Rows: {made.rows:,}",
        f"As of: {made.as_of_words}",
        "",
        why,
    ]
    with exported.file as file:
        message = EmailMessage(
            f"{settings.SITE_NAME}: {report.name}", "\n".join(lines), to=report.recipients
        )
        message.attach(exported.name, file.read(), exported.content_type.partition(";")[0])
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise _NotSent(
            "The mail server did not take it. The next turn is tried as usual."
        ) from error
    record(
        "reports.sent",
        target=report,
        after={
            "report": report.kind,
            "format": report.format,
            "rows": made.rows,
            "people": made.people,
            "recipients": len(report.recipients),
        },
    )


def _choices(report: SavedReport, now: datetime) -> Choices:
    """As they are at this moment: “last month” of today, and places that the owner still has."""
    return choices_of(report.choices, now=now)


def _actor_of(user: User) -> Actor:
    return Actor(
        kind="user",
        id=str(user.pk),
        label=user.get_username(),
        permissions=user.permissions,
        scope=user.scope(),
    )
