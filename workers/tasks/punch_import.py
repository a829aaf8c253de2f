"""The task of files of punches: a doorbell, which the clock rings as well."""

from __future__ import annotations

from portal.attendance.services.punch_import_lifecycle import purge_imports
from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell, ring
from workers.punch_import import import_waiting

__all__ = ["import_punches"]

# After this time cameras' punches and other tasks of the light worker get their turn.
BUDGET_S = 1.0


@app.task(name="attendance.import")  # type: ignore[untyped-decorator]
def import_punches() -> None:
    # Before the database is looked at: a file that comes later rings anew.
    answer_doorbell("attendance.import")
    with acting_as(SYSTEM):
        purge_imports()
        if import_waiting(budget_s=BUDGET_S):
            ring("attendance.import")
