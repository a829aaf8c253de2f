"""Telling that visits changed, once it is committed. Public surface: ``announce_visits``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portal.core.events import VisitsChanged, publish_on_commit
from portal.jobs.dispatch import ring_on_commit
from portal.jobs.registry import TASKS, TaskName
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["announce_visits"]

_ALERTS: Final[TaskName] = "alerts.consider"
_REVIEW: Final = "review.group"


def announce_visits(visits: Sequence[Visit]) -> None:
    """To the live page, to the alerts, and, where there are strangers, to whoever groups them."""
    if not visits:
        return
    publish_on_commit(
        "live",
        VisitsChanged(
            type="visits.changed",
            ids=[str(visit.pk) for visit in visits],
            camera_ids=[str(visit.camera_id) for visit in visits],
            site_ids=[str(visit.site_id) for visit in visits],
        ),
    )
    _ring(_ALERTS)
    if any(visit.decision == RecognisedFace.Decision.UNKNOWN for visit in visits):
        _ring(_REVIEW)


def _ring(task: TaskName) -> None:
    if task in TASKS:
        ring_on_commit(task)
