"""The task of self-enrolment: mailing the links that wait for it."""

from __future__ import annotations

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.enrolment.services import mail_invitations
from portal.jobs.dispatch import answer_doorbell

__all__ = ["mail"]


@app.task(name="invitation.mail")  # type: ignore[untyped-decorator]
def mail() -> None:
    # Before the database is looked at: a link that comes later rings anew.
    answer_doorbell("invitation.mail")
    with acting_as(SYSTEM):
        mail_invitations()
