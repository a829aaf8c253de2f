"""The tasks of alerts: weighing what happened, and sending what waits to be sent."""

from __future__ import annotations

from portal.alerts.services import consider as consider_all
from portal.alerts.services import deliver_waiting, is_delivery_due
from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell, ring

__all__ = ["consider", "deliver"]


@app.task(name="alerts.consider")  # type: ignore[untyped-decorator]
def consider() -> None:
    # Before the database is looked at: whatever happens later rings anew.
    answer_doorbell("alerts.consider")
    with acting_as(SYSTEM):
        consider_all()
    # The clock's turn also wakes what waits for another attempt, or was held by a sender that died.
    if is_delivery_due():
        ring("alerts.deliver")


@app.task(name="alerts.deliver")  # type: ignore[untyped-decorator]
def deliver() -> None:
    answer_doorbell("alerts.deliver")
    with acting_as(SYSTEM):
        deliver_waiting()
