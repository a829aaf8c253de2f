"""Tasks of gallery hygiene: the look through everything, and everybody who is new to everybody."""

from __future__ import annotations

from uuid import UUID

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell
from workers.engine_host import current_host
from workers.hygiene import look_through
from workers.look_alikes import comparison_of

__all__ = ["compare", "scan"]


@app.task(name="hygiene.scan")  # type: ignore[untyped-decorator]
def scan(job_id: str = "") -> None:
    with acting_as(SYSTEM):
        look_through(current_host(), UUID(job_id) if job_id else None)


@app.task(name="hygiene.compare")  # type: ignore[untyped-decorator]
def compare() -> None:
    # Before the gallery is read: whoever is enrolled later rings anew.
    answer_doorbell("hygiene.compare")
    with acting_as(SYSTEM):
        comparison_of(current_host()).catch_up()
