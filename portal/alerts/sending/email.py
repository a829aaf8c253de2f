"""Sending by e-mail, over the mail server that the operator has set."""

from __future__ import annotations

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from portal.accounts.mail import mail_is_configured
from portal.alerts.sending.parcel import Outcome, Parcel

__all__ = ["send_email"]

_TIMEOUT_S = 10


def send_email(parcel: Parcel) -> Outcome:
    if not mail_is_configured():
        return Outcome(False, "No mail server is set (GATEHOUSE_EMAIL_URL).")
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "gatehouse"
    message = EmailMessage(
        subject=parcel.subject,
        body=parcel.text,
        to=[str(one) for one in parcel.target["addresses"]],
        # A message that is sent twice, since nobody knew that it had arrived, is one to readers.
        headers={
            "Message-ID": f"<{parcel.delivery_id}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
        connection=get_connection(timeout=_TIMEOUT_S),
    )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        return Outcome(False, f"The mail server did not take it ({type(error).__name__}).")
    return Outcome(True, "Handed to the mail server.")
