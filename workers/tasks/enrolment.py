"""Tasks of enrolment."""

from __future__ import annotations

from uuid import UUID

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from workers.engine_host import current_host
from workers.examine import examine_photo
from workers.frames import read_frame as read_one

__all__ = ["examine", "read_frame"]


@app.task(name="enrolment.examine")  # type: ignore[untyped-decorator]
def examine(photo_id: str) -> None:
    with acting_as(SYSTEM):
        examine_photo(current_host(), UUID(photo_id))


@app.task(name="enrolment.read_frame")  # type: ignore[untyped-decorator]
def read_frame(frame_id: str) -> None:
    with acting_as(SYSTEM):
        read_one(current_host(), UUID(frame_id))
