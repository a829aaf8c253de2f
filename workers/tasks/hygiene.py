"""Tasks of gallery hygiene."""

from __future__ import annotations

from uuid import UUID

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from workers.engine_host import current_host
from workers.hygiene import look_through

__all__ = ["scan"]


@app.task(name="hygiene.scan")  # type: ignore[untyped-decorator]
def scan(job_id: str = "") -> None:
    with acting_as(SYSTEM):
        look_through(current_host(), UUID(job_id) if job_id else None)
