"""The task of roll-calls: whoever was seen at the meeting point is safe."""

from __future__ import annotations

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.jobs.dispatch import answer_doorbell
from portal.muster.services import follow_musters

__all__ = ["follow"]


@app.task(name="muster.follow")  # type: ignore[untyped-decorator]
def follow() -> None:
    # Before the database is looked at: whatever happens later rings anew.
    answer_doorbell("muster.follow")
    with acting_as(SYSTEM):
        follow_musters()
