"""The task of corrections: mailing what was decided."""

from __future__ import annotations

from portal.attendance.services.letters import tell_decisions
from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell

__all__ = ["tell"]


@app.task(name="attendance.tell")  # type: ignore[untyped-decorator]
def tell() -> None:
    # Before the database is looked at: whatever is decided later rings anew.
    answer_doorbell("attendance.tell")
    with acting_as(SYSTEM):
        tell_decisions()
