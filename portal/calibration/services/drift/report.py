"""The weekly report by mail: once a week to every administrator, also when nothing was found.

Public surface: ``due_monday``, ``send_report``.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from smtplib import SMTPException
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from portal.accounts.mail import mail_is_configured
from portal.accounts.models import Role, User
from portal.audit.services import record
from portal.calibration.models import DriftFinding, DriftReport
from portal.calibration.selectors.drift.findings import day_in_words, open_findings, since
from portal.config.env import ENV
from portal.core.context import require
from portal.people.models import LookalikePair, Person
from portal.ui.markup import initials

__all__ = ["due_monday", "send_report"]

logger = structlog.get_logger(__name__)

# Monday morning, by the clocks of the site.
_AT: Final = time(7)
# A worker that was away on Monday sends it later, but not on any odd day of the week.
_LATE: Final = timedelta(days=2)


def due_monday(now: datetime | None = None) -> date | None:
    """The Monday of the week whose report is to be sent now; None where none is."""
    zone = timezone.get_default_timezone()
    local = timezone.localtime(now or timezone.now(), zone)
    monday = local.date() - timedelta(days=local.weekday())
    due = datetime.combine(monday, _AT, tzinfo=zone)
    if not due <= local < due + _LATE or DriftReport.objects.filter(monday=monday).exists():
        return None
    return monday


def send_report(monday: date) -> DriftReport | None:
    """Mail the report of the week of ``monday``. None where there is no mail server or nobody to
    mail to, where somebody else sends it, or where the server took none: then it is tried again."""
    require("calibration.manage")
    if not mail_is_configured():
        return None
    users = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(email="")
    to = list(users.order_by("pk"))
    if not to:
        return None
    findings = list(open_findings())
    # Before any mail goes: a worker that dies in between has sent the report of this week.
    try:
        with transaction.atomic():
            report = DriftReport.objects.create(
                monday=monday,
                people=sum(row.person_id is not None for row in findings),
                cameras=sum(row.camera_id is not None for row in findings),
            )
    except IntegrityError:
        return None
    subject, text = _subject(findings), _text(findings)
    failed = sum(not _mail(user, subject, text) for user in to)
    if failed == len(to):
        report.delete()
        return None
    return _sent(report, recipients=len(to) - failed, failed=failed)


@transaction.atomic
def _sent(report: DriftReport, *, recipients: int, failed: int) -> DriftReport:
    report.recipients, report.failed, report.sent_at = recipients, failed, timezone.now()
    report.save(update_fields=["recipients", "failed", "sent_at"])
    record(
        "calibration.report.sent",
        after={
            "monday": report.monday.isoformat(),
            "people": report.people,
            "cameras": report.cameras,
            "recipients": recipients,
            "failed": failed,
        },
    )
    return report


def _mail(user: User, subject: str, text: str) -> bool:
    """One each, so that nobody reads the others' addresses."""
    try:
        send_mail(subject, text, None, [user.email])
    except (SMTPException, OSError) as error:
        logger.warning("mail_not_sent", user=user.pk, error=type(error).__name__)
        return False
    return True


def _subject(findings: list[DriftFinding]) -> str:
    if not findings:
        return f"{settings.SITE_NAME}: nobody's scores fell"
    people = sum(row.person_id is not None for row in findings)
    cameras = len(findings) - people
    said = [
        f"{count} {one if count == 1 else many}"
        for count, one, many in ((people, "person", "people"), (cameras, "camera", "cameras"))
        if count
    ]
    return f"{settings.SITE_NAME}: lower scores, {' and '.join(said)}"


def _text(findings: list[DriftFinding]) -> str:
    """People by their initials and number: a mail is read by more than those it is for."""
    lines = [
        {
            "who": f"{_dotted(row.person.name)} ({row.person.code})" if row.person else row.camera,
            "is_person": row.person is not None,
            "fell": f"{max(-row.change, 0.0):.2f}",
            "before": f"{row.before:.2f}",
            "after": f"{row.after:.2f}",
            "since": day_in_words(since(row)),
        }
        for row in findings
    ]
    active = Person.Status.ACTIVE
    unanswered = LookalikePair.objects.filter(
        wants_answer=True,
        answer=LookalikePair.Answer.OPEN,
        first__status=active,
        second__status=active,
    ).count()
    return render_to_string(
        "calibration/drift/report.txt",
        {
            "lines": lines,
            "unanswered": unanswered,
            "site_name": settings.SITE_NAME,
            "drift_url": f"{ENV.public_url}{reverse('calibration:drift')}",
            "look_alikes_url": f"{ENV.public_url}{reverse('calibration:look_alikes')}",
        },
    )


def _dotted(name: str) -> str:
    return "".join(f"{letter}. " for letter in initials(name)).strip()
