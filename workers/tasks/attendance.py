"""The tasks of attendance: punches from visits, days from punches, and the clock's turns."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core.cache import cache
from django.utils import timezone

from portal.attendance.services.collect import (
    collect_again,
    collect_visits,
    needs_collecting,
    tell_moves,
)
from portal.attendance.services.recompute import (
    has_stale,
    is_night_missed,
    mark_due,
    mark_recent,
    recompute_stale,
)
from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell, ring

__all__ = ["collect", "nightly", "recompute", "sweep"]

# Visits are looked at again, night after night, for as long as a late camera may deliver.
_AGAIN: Final = timedelta(days=3)
# Whoever waits for another task of this worker waits no longer than that.
_WITHIN_S: Final = 5.0


@app.task(name="attendance.collect")  # type: ignore[untyped-decorator]
def collect() -> None:
    # Before the database is looked at: whatever happens later rings anew.
    answer_doorbell("attendance.collect")
    with acting_as(SYSTEM):
        collect_visits()
        # Here and not by a bell of its own: somebody waits to see themselves on the board.
        recompute_stale(within_s=1.0)


@app.task(name="attendance.recompute")  # type: ignore[untyped-decorator]
def recompute() -> None:
    answer_doorbell("attendance.recompute")
    with acting_as(SYSTEM):
        recompute_stale(within_s=_WITHIN_S)
    if has_stale():
        ring("attendance.recompute")


@app.task(name="attendance.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    with acting_as(SYSTEM):
        mark_due()
        tell_moves()
    if needs_collecting():
        ring("attendance.collect")
    if has_stale():
        ring("attendance.recompute")
    if is_night_missed(timezone.now()) and cache.add("attendance.night", 1, timeout=3600):
        ring("attendance.nightly")


@app.task(name="attendance.nightly")  # type: ignore[untyped-decorator]
def nightly() -> None:
    answer_doorbell("attendance.nightly")
    with acting_as(SYSTEM):
        collect_again(timezone.now() - _AGAIN)
        mark_recent()
