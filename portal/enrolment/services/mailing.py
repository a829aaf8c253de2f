"""Mailing the links that wait to be mailed; run by a worker, since a mail server may be slow."""

from __future__ import annotations

from smtplib import SMTPException
from typing import Final

import structlog
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.core.bearer import digest_of
from portal.core.context import require
from portal.enrolment.mail import send_link, send_note
from portal.enrolment.models import Invitation
from portal.enrolment.services.invite import fresh_token, lock_invitation

__all__ = ["mail_invitations"]

logger = structlog.get_logger(__name__)

_TURN: Final = "invitation-mail"
_TURN_S: Final = 300


def mail_invitations() -> int:
    """Send every mail that waits; returns how many went. One process at a time: of two mails to
    one person the first would hold a link that the second has ended."""
    require("people.manage")
    if not cache.add(_TURN, 1, _TURN_S):
        return 0
    try:
        waiting = Invitation.objects.filter(
            mail=Invitation.Mail.WAITING,
            expires_at__gt=timezone.now(),
            used_at=None,
            revoked_at=None,
            refused_at=None,
        )
        return sum(_mail(invitation) for invitation in waiting.order_by("id")[:200])
    finally:
        cache.delete(_TURN)


def _mail(invitation: Invitation) -> bool:
    # The token is stored nowhere, so one is made here; no transaction is held while the mail goes.
    with transaction.atomic():
        locked = lock_invitation(invitation)
        token = fresh_token()
        if not locked.note:
            locked.digest = digest_of(token)
            locked.save(update_fields=["digest"])
    try:
        if locked.note:
            send_note(locked.person, note=locked.note, expires_at=locked.expires_at)
        else:
            path = reverse("join:start", args=[token])
            send_link(locked.person, path=path, expires_at=locked.expires_at)
    except (SMTPException, OSError) as error:
        logger.warning("mail_not_sent", invitation=str(locked.pk), error=type(error).__name__)
        _became(locked, Invitation.Mail.FAILED)
        return False
    _became(locked, Invitation.Mail.SENT)
    return True


def _became(invitation: Invitation, state: Invitation.Mail) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(mail=state)
