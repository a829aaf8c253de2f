"""Tasks of roster import: the two doorbells, the sweep that rings again, the nightly clean-up."""

from __future__ import annotations

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell, ring
from portal.roster.services import purge_rosters, ring_waiting
from workers.engine_host import current_host
from workers.roster import apply_waiting, check_waiting

__all__ = ["apply", "check", "purge", "sweep"]

# After this time cameras and enrolments get their turn.
APPLY_BUDGET_S = 1.0


@app.task(name="roster.check")  # type: ignore[untyped-decorator]
def check() -> None:
    answer_doorbell("roster.check")
    with acting_as(SYSTEM):
        check_waiting()


@app.task(name="roster.apply")  # type: ignore[untyped-decorator]
def apply() -> None:
    answer_doorbell("roster.apply")
    with acting_as(SYSTEM):
        if apply_waiting(current_host(), budget_s=APPLY_BUDGET_S):
            ring("roster.apply")


@app.task(name="roster.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    with acting_as(SYSTEM):
        ring_waiting()


@app.task(name="roster.purge")  # type: ignore[untyped-decorator]
def purge() -> None:
    with acting_as(SYSTEM):
        purge_rosters()
