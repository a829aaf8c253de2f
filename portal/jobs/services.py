"""Writes to jobs: the state machine, progress, log lines."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.core.events import JobChanged, publish_on_commit
from portal.jobs.models import Job, JobLine

__all__ = [
    "advance_job",
    "cancel_job",
    "close_abandoned",
    "create_job",
    "finish_job",
    "log_line",
    "set_progress",
    "start_job",
]


@transaction.atomic
def create_job(*, kind: str, title: str, total: int = 0) -> Job:
    job = Job.objects.create(
        kind=kind, title=title[:200], total=total, actor_label=current_actor().label[:254]
    )
    _announce(job)
    return job


@transaction.atomic
def start_job(job_id: UUID, *, total: int | None = None) -> Job:
    """Begin, or go on after a worker was lost: starting a running job again changes nothing."""
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.state == Job.State.RUNNING:
        return job
    _move(job, Job.State.RUNNING)
    job.started_at = timezone.now()
    if total is not None:
        job.total = total
    job.save()
    _announce(job)
    return job


@transaction.atomic
def advance_job(job_id: UUID, *, done: int = 0, failed: int = 0) -> Job:
    """Add to the counters; a job whose every part has ended is finished by this."""
    Job.objects.filter(pk=job_id).update(done=F("done") + done, failed=F("failed") + failed)
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.state == Job.State.QUEUED:
        _move(job, Job.State.RUNNING)
        job.started_at = timezone.now()
    if not job.is_finished and job.total and job.done + job.failed >= job.total:
        _move(job, Job.State.DONE)
        job.finished_at = timezone.now()
    job.save()
    _announce(job)
    return job


@transaction.atomic
def set_progress(job_id: UUID, *, total: int, done: int, failed: int) -> Job:
    """For work whose parts are counted where they lie; it is finished by ``finish_job`` alone."""
    job = Job.objects.select_for_update().get(pk=job_id)
    job.total, job.done, job.failed = total, done, failed
    job.save(update_fields=["total", "done", "failed", "changed_at"])
    _announce(job)
    return job


@transaction.atomic
def finish_job(job_id: UUID, *, state: str = Job.State.DONE, message: str = "") -> Job:
    job = Job.objects.select_for_update().get(pk=job_id)
    _move(job, state)
    job.finished_at = timezone.now()
    job.message = message[:500]
    job.save()
    _announce(job)
    return job


@transaction.atomic
def cancel_job(job: Job) -> Job:
    """Ask a job to stop. What it has done already stays; a finished one is left as it is."""
    require("jobs.manage")
    job = Job.objects.select_for_update().get(pk=job.pk)
    before = job.state
    _move(job, Job.State.CANCELLED)
    job.finished_at = timezone.now()
    job.save()
    record("jobs.job.cancelled", target=job, before={"state": before}, after={"state": job.state})
    _announce(job)
    return job


def close_abandoned(kind: str, *, silent_for: timedelta) -> int:
    """Finish jobs whose parts stopped coming, such as a batch whose browser was closed."""
    stale = Job.objects.filter(
        kind=kind,
        state__in=[Job.State.QUEUED, Job.State.RUNNING],
        changed_at__lt=timezone.now() - silent_for,
    )
    jobs = list(stale)
    for job in jobs:
        finish_job(
            job.pk,
            state=Job.State.CANCELLED,
            message=f"{job.total - job.ended} photos were never sent: the page was closed.",
        )
    return len(jobs)


def log_line(job_id: UUID, text: str, *, level: str = JobLine.Level.INFO) -> None:
    JobLine.objects.create(job_id=job_id, text=text[:500], level=level)


def _move(job: Job, state: str) -> None:
    if state not in Job.TRANSITIONS.get(Job.State(job.state), frozenset()):
        raise DomainError(
            f"The job is {job.get_state_display().lower()} and cannot become {state}.",
            code="job.state",
            http_status=409,
        )
    job.state = state


def _announce(job: Job) -> None:
    publish_on_commit("jobs", JobChanged(type="jobs.changed", id=str(job.pk), state=job.state))
