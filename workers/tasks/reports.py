"""The task of reports: mailing what is due."""

from __future__ import annotations

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.reports.services.send import send_due

__all__ = ["send"]


@app.task(name="reports.send")  # type: ignore[untyped-decorator]
def send() -> None:
    with acting_as(SYSTEM):
        send_due()
