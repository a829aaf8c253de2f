"""Writing to both people when somebody said that a passage was not the one's but the other's.

Public surface: ``tell_moves``. One mail to each: whoever was written to is noted on their row, so
that a mail server that was away, or a worker that died, delays a mail and doubles none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.mail import mail_is_configured
from portal.attendance.models import Punch
from portal.people.models import Person

__all__ = ["tell_moves"]

logger = structlog.get_logger(__name__)

# What could not be told of for so long is no news any more.
_NEWS: Final = timedelta(days=2)
_AT_ONCE: Final = 50


def tell_moves() -> int:
    """Returns how many mails were handed to the mail server."""
    if not mail_is_configured():
        return 0
    waiting = (
        Punch.objects.filter(
            Q(told_at=None) | Q(superseded_by__told_at=None),
            superseded_by__isnull=False,
            voided_at__gte=timezone.now() - _NEWS,
        )
        .exclude(voided_by="")
        .order_by("voided_at")
    )
    sent = 0
    for pk, other in list(waiting.values_list("pk", "superseded_by")[:_AT_ONCE]):
        sent += _tell(pk, is_taken=True) + _tell(other, is_taken=False)
    return sent


@transaction.atomic
def _tell(pk: UUID | None, *, is_taken: bool) -> bool:
    """The row is held while the mail is handed over: two workers send one."""
    if pk is None:
        return False
    punch = (
        Punch.objects.select_for_update(of=("self",), no_key=True)
        .select_related("person__site")
        .filter(pk=pk, told_at=None)
        .first()
    )
    if punch is None:
        return False
    person = punch.person
    if person.email and person.status in Person.LIVING:
        try:
            _send(punch, is_taken=is_taken)
        except (SMTPException, OSError) as error:
            logger.warning("mail_not_sent", punch=str(punch.pk), error=type(error).__name__)
            return False
    punch.told_at = timezone.now()
    punch.save(update_fields=["told_at"])
    return bool(person.email)


def _send(punch: Punch, *, is_taken: bool) -> None:
    when = _local(punch.at, punch.person.site.time_zone)
    where = f" at {punch.place}" if punch.place else ""
    if is_taken:
        subject = f"A time of yours was taken back, {settings.SITE_NAME}"
        what = (
            f"On {when}{where} you were recognised. Somebody has looked at it since: it was another "
            "person. The time no longer counts, and your day was computed anew."
        )
    else:
        subject = f"A time was added to your day, {settings.SITE_NAME}"
        what = (
            f"On {when}{where} another person was recognised by mistake. Somebody has looked at it "
            "since: it was you. The time counts as yours, and your day was computed anew."
        )
    text = (
        f"{punch.person.name},\n\n{what}\n\nIf that is wrong, tell your manager or your HR office: "
        "a correction can be asked for.\n"
    )
    send_mail(subject, text, None, [punch.person.email])


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%-d %B %Y, %H:%M}"
