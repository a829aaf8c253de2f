"""Nightly tasks."""

from __future__ import annotations

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.enrolment.services import purge_drafts
from portal.jobs.models import Job
from portal.jobs.services import create_job, finish_job, start_job
from portal.sightings.services import purge_expired
from portal.system.services import delete_orphaned_blobs

__all__ = ["purge"]


@app.task(name="sightings.purge")  # type: ignore[untyped-decorator]
def purge() -> None:
    with acting_as(SYSTEM):
        job = create_job(kind=Job.Kind.PURGE, title="Delete expired pictures")
        start_job(job.pk)
        pictures, drafts, orphans = purge_expired(), purge_drafts(), delete_orphaned_blobs()
        finish_job(
            job.pk,
            message=f"Deleted {pictures} recognitions, {drafts} abandoned enrolments and "
            f"{orphans} files that belonged to nothing.",
        )
