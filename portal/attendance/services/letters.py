"""Mails about what was decided on a correction. Public surface: ``tell_decisions``.

Run by a worker, since a mail server may be slow. What could not be handed on waits for its next
turn, and after ``_PATIENCE`` is given up: the pages say the same.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException
from typing import Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone

from portal.accounts.mail import mail_is_configured
from portal.attendance.models import Correction
from portal.config.env import ENV

__all__ = ["tell_decisions"]

logger = structlog.get_logger(__name__)

_TURN: Final = "attendance-letters"
_TURN_S: Final = 300
_PATIENCE: Final = timedelta(days=2)
_AT_ONCE: Final = 200
_DECIDED: Final = (Correction.State.APPROVED, Correction.State.REFUSED)


def tell_decisions() -> int:
    """Write to whoever asked, and to the person, where they have an address; returns how many
    decisions were told of. One process at a time. Asks for no right."""
    if not mail_is_configured() or not cache.add(_TURN, 1, _TURN_S):
        return 0
    try:
        waiting = (
            Correction.objects.filter(
                state__in=_DECIDED, told_at=None, decided_at__gt=timezone.now() - _PATIENCE
            )
            .select_related("person", "requested_by", "decided_by")
            .order_by("decided_at")
        )
        return sum(_tell(row) for row in waiting[:_AT_ONCE])
    finally:
        cache.delete(_TURN)


def _tell(row: Correction) -> bool:
    addresses = _addresses(row)
    try:
        # To each alone: nobody is shown another's address.
        for address in addresses:
            send_mail(_subject(row), _text(row), None, [address])
    except (SMTPException, OSError) as error:
        logger.warning("mail_not_sent", correction=str(row.pk), error=type(error).__name__)
        return False
    Correction.objects.filter(pk=row.pk).update(told_at=timezone.now())
    return True


def _addresses(row: Correction) -> list[str]:
    """Not to whoever decided: they know."""
    found = [row.person.email] if row.person.status in row.person.LIVING else []
    if row.requested_by is not None and row.requested_by.is_active:
        found.append(row.requested_by.email)
    known = {row.decided_by.email.casefold()} if row.decided_by else set()
    addresses = []
    for address in found:
        if address and address.casefold() not in known:
            known.add(address.casefold())
            addresses.append(address)
    return addresses


def _subject(row: Correction) -> str:
    word = row.get_state_display().lower()
    return f"{settings.SITE_NAME}: the correction of {row.work_date:%-d %B %Y} was {word}"


def _text(row: Correction) -> str:
    lines = [
        f"A correction of {row.work_date:%A, %-d %B %Y} was {row.get_state_display().lower()}.",
        "",
        f"Asked for: {row.get_kind_display()}.",
    ]
    if row.decision_note:
        lines.append(f"Note: {row.decision_note}")
    link = f"{ENV.public_url}{reverse('attendance:correction', args=[row.pk])}"
    return "\n".join([*lines, "", f"Open it: {link}", ""])
