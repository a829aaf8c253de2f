"""The mails of self-enrolment. Public surface: ``mail_is_set_up``, ``send_link``, ``send_note``."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from portal.config.env import ENV
from portal.people.models import Person

__all__ = ["mail_is_set_up", "send_link", "send_note"]

# They write mails into the log or nowhere; a link must be in neither.
_NO_MAIL: Final = frozenset({"console", "dummy", "filebased"})


def mail_is_set_up() -> bool:
    return settings.EMAIL_BACKEND.split(".")[-2] not in _NO_MAIL


def send_link(person: Person, *, path: str, expires_at: datetime) -> None:
    """Raises what the mail server's client raises."""
    _send(
        person,
        "Your photos for {site_name}",
        "invitation/mail_link.txt",
        link=f"{ENV.public_url}{path}",
        expires_at=expires_at,
    )


def send_note(person: Person, *, note: str, expires_at: datetime) -> None:
    """Their photos were sent back: the reason, and that the same link works again."""
    _send(
        person,
        "Please send other photos for {site_name}",
        "invitation/mail_note.txt",
        note=note,
        expires_at=expires_at,
    )


def _send(person: Person, subject: str, template: str, **facts: object) -> None:
    context = {"person": person, "site_name": settings.SITE_NAME, **facts}
    send_mail(
        subject.format(site_name=settings.SITE_NAME),
        render_to_string(template, context),
        None,
        [person.email],
    )
