"""The task of kiosks: what their tablets sent and nobody stands and waits for."""

from __future__ import annotations

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell
from portal.kiosk.services import forget_old_events, settle_waiting

__all__ = ["settle"]


@app.task(name="kiosk.settle")  # type: ignore[untyped-decorator]
def settle() -> None:
    answer_doorbell("kiosk.settle")
    with acting_as(SYSTEM):
        settle_waiting()
        forget_old_events()
