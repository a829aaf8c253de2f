"""Mail to users, where the operator has set a mail server (``GATEHOUSE_EMAIL_URL``)."""

from __future__ import annotations

from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import send_mail

from portal.accounts.models import User

__all__ = ["mail_is_configured", "send_sign_in_link"]

logger = structlog.get_logger(__name__)

_NOWHERE = ("console.EmailBackend", "dummy.EmailBackend", "filebased.EmailBackend")


def mail_is_configured() -> bool:
    return not settings.EMAIL_BACKEND.endswith(_NOWHERE)


def send_sign_in_link(user: User, link: str) -> bool:
    """Whether the mail was handed to the mail server."""
    if not mail_is_configured():
        return False
    text = (
        f"You have an account for {settings.SITE_NAME} now.\n\n"
        f"Choose your password here; the link works once, for three days:\n\n{link}\n\n"
        "If you did not expect this, you need not do anything.\n"
    )
    try:
        send_mail(f"Your account for {settings.SITE_NAME}", text, None, [user.email])
    except (SMTPException, OSError) as error:
        logger.warning("mail_not_sent", user=user.pk, error=type(error).__name__)
        return False
    return True
