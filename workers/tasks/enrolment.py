"""Tasks of enrolment."""

from __future__ import annotations

from uuid import UUID

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from workers.engine_host import current_host
from workers.examine import examine_photo

__all__ = ["examine"]


@app.task(name="enrolment.examine")  # type: ignore[untyped-decorator]
def examine(photo_id: str) -> None:
    with acting_as(SYSTEM):
        examine_photo(current_host(), UUID(photo_id))
