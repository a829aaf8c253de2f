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
_MUSTER: Final[TaskName] = "muster.follow"
_ATTENDANCE: Final[TaskName] = "attendance.collect"
_SEEN: Final = frozenset({RecognisedFace.Decision.MATCH, RecognisedFace.Decision.UNCERTAIN})
# While people come one after the other, each is told of within this, and not each by itself.
_PAUSE_S: Final = 1


def announce_visits(visits: Sequence[Visit]) -> None:
    """To the live page, to the alerts, to whoever groups strangers, to roll-calls, and to attendance."""
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
    if any(_concerns_strangers(visit) for visit in visits):
        _ring(_REVIEW)
    if any(visit.person_id is not None for visit in visits):
        _ring(_MUSTER)
    if any(visit.decision in _SEEN or visit.person_id is not None for visit in visits):
        # At once: whoever has just come looks whether the board says so.
        ring_on_commit(_ATTENDANCE)


def _concerns_strangers(visit: Visit) -> bool:
    """It waits to be grouped; or it was, and says something else by now."""
    return visit.decision == RecognisedFace.Decision.UNKNOWN or visit.stranger_id is not None


def _ring(task: TaskName) -> None:
    if task in TASKS:
        ring_on_commit(task, pause_s=_PAUSE_S)
