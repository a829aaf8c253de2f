"""Tasks of the clock: the nightly purge, and consents whose term is over."""

from __future__ import annotations

from portal.cameras.services import forget_old_hours
from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.models import Job
from portal.jobs.services import create_job, finish_job, start_job
from portal.people.services import expire_consents, leave_when_due
from portal.privacy.clocks import clocks
from portal.privacy.services import purge_everything
from portal.system.services import delete_orphaned_blobs

__all__ = ["expire", "purge"]


@app.task(name="sightings.purge")  # type: ignore[untyped-decorator]
def purge() -> None:
    with acting_as(SYSTEM):
        job = create_job(kind=Job.Kind.PURGE, title="Delete what is past its time")
        start_job(job.pk)
        leave_when_due()
        forget_old_hours()
        deleted = purge_everything()
        orphans = delete_orphaned_blobs()
        said = [
            clock.counted(deleted[clock.category])
            for clock in clocks()
            if deleted.get(clock.category)
        ]
        finish_job(
            job.pk,
            message=f"Past their time: {', '.join(said) or 'nothing'}. Files that belonged to "
            f"nothing: {orphans}.",
        )


@app.task(name="privacy.expire")  # type: ignore[untyped-decorator]
def expire() -> None:
    with acting_as(SYSTEM):
        expire_consents()
