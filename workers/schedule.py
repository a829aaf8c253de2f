"""What the clock rings, and how often. Each entry expires before its next turn, so that a worker
that was away does not work off a pile of outdated reminders."""

from __future__ import annotations

from typing import Any, Final

from celery.schedules import crontab

from portal.jobs.registry import TASKS, TaskName
from portal.privacy.clocks import PURGE_AT

__all__ = ["SCHEDULE"]


def _entry(task: TaskName, schedule: Any, *, expires_s: int) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": schedule,
        "options": {"queue": TASKS[task], "expires": expires_s},
    }


SCHEDULE: Final = {
    "sweep": _entry("recognition.sweep", 3.0, expires_s=3),
    "expire": _entry("privacy.expire", 60.0, expires_s=60),
    "cameras": _entry("cameras.check", 5.0, expires_s=5),
    "faces-sweep": _entry("faces.sweep", 30.0, expires_s=30),
    "decisions": _entry("attendance.tell", 60.0, expires_s=60),
    "mail": _entry("invitation.mail", 60.0, expires_s=60),
    "attendance": _entry("attendance.sweep", 3.0, expires_s=3),
    "attendance-night": _entry(
        "attendance.nightly", crontab(hour="2", minute="20"), expires_s=3600
    ),
    "kiosks": _entry("kiosk.settle", 10.0, expires_s=10),
    "punch-import": _entry("attendance.import", 15.0, expires_s=15),
    "roster-sweep": _entry("roster.sweep", 5.0, expires_s=5),
    "roster-purge": _entry("roster.purge", crontab(hour="3", minute="40"), expires_s=3600),
    "alerts": _entry("alerts.consider", 5.0, expires_s=5),
    "muster": _entry("muster.follow", 5.0, expires_s=5),
    # Each report is due at a minute of its own; this only looks.
    "reports": _entry("reports.send", 120.0, expires_s=120),
    # Alerts wait for it: see ``GROUPING_TIME``.
    "review-sweep": _entry("review.sweep", 2.0, expires_s=2),
    "review-anchor": _entry("review.anchor", 60.0, expires_s=60),
    "review-purge": _entry("review.purge", crontab(hour="3", minute="50"), expires_s=3600),
    "calibration-sweep": _entry("calibration.sweep", 10.0, expires_s=10),
    "hygiene": _entry("hygiene.scan", crontab(hour="4", minute="10"), expires_s=3600),
    # After the look through the gallery, and before anybody comes.
    "drift": _entry("calibration.watch", crontab(hour="4", minute="40"), expires_s=3600),
    # What time it is where the site is, the task asks itself.
    "drift-report": _entry("calibration.report", crontab(minute="5"), expires_s=1800),
    "purge": _entry(
        "sightings.purge",
        crontab(hour=str(PURGE_AT.hour), minute=str(PURGE_AT.minute)),
        expires_s=3600,
    ),
}
