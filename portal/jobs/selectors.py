"""Reads of jobs."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from portal.core.context import EVERYTHING, require
from portal.core.errors import NotFound
from portal.jobs.models import Job, JobLine

__all__ = ["cancelled_jobs", "job_lines", "visible_job", "visible_jobs"]


def cancelled_jobs(job_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these were cancelled; for workers, which act without a user."""
    rows = Job.objects.filter(pk__in=set(job_ids), state=Job.State.CANCELLED)
    return frozenset(rows.values_list("id", flat=True))


def visible_jobs() -> QuerySet[Job]:
    """All jobs; for an actor whose rights end somewhere, their own: a job's title and log name
    files and people of any site."""
    actor = require("jobs.view")
    if actor.scope == EVERYTHING:
        return Job.objects.all()
    return Job.objects.filter(actor_label=actor.label[:254])


def visible_job(job_id: UUID) -> Job:
    job = visible_jobs().filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such job.")
    return job


def job_lines(job: Job, *, limit: int = 500) -> list[JobLine]:
    require("jobs.view")
    return list(job.lines.all()[:limit])
