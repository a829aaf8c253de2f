"""Tasks of recognition: the drain that the doorbell starts, and the sweep that rings again."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.enrolment.services import forget_frames, redispatch_waiting
from portal.jobs.dispatch import answer_doorbell, ring
from portal.jobs.models import Job
from portal.jobs.services import close_abandoned
from portal.sightings.services import waiting_count
from portal.sightings.services.visits import close_visits
from workers.engine_host import current_host
from workers.recognise import recognise_waiting

__all__ = ["drain", "sweep"]

# After this time other tasks of the queue, such as somebody's enrolment, get their turn.
DRAIN_BUDGET_S = 1.0
# A browser that sends a batch is never silent for this long.
BATCH_SILENCE = timedelta(minutes=10)


@app.task(name="recognition.drain")  # type: ignore[untyped-decorator]
def drain() -> None:
    # Before the database is looked at: a picture that comes later rings anew.
    answer_doorbell("recognition.drain")
    with acting_as(SYSTEM):
        if recognise_waiting(current_host(), budget_s=DRAIN_BUDGET_S, follow=current_host):
            ring("recognition.drain")


@app.task(name="recognition.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    with acting_as(SYSTEM):
        if waiting_count():
            ring("recognition.drain")
        redispatch_waiting()
        forget_frames()
        close_visits(timezone.now())
        close_abandoned(Job.Kind.RECOGNISE_PHOTOS, silent_for=BATCH_SILENCE)
