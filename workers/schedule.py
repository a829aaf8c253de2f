"""What the clock rings, and how often. Each entry expires before its next turn, so that a worker
that was away does not work off a pile of outdated reminders."""

from __future__ import annotations

from typing import Any, Final

from celery.schedules import crontab

from portal.jobs.registry import TASKS, TaskName

__all__ = ["SCHEDULE"]


def _entry(task: TaskName, schedule: Any, *, expires_s: int) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": schedule,
        "options": {"queue": TASKS[task], "expires": expires_s},
    }


SCHEDULE: Final = {
    "sweep": _entry("recognition.sweep", 3.0, expires_s=3),
    "purge": _entry("sightings.purge", crontab(hour="3", minute="15"), expires_s=3600),
}
