"""The worker's Celery application: the portal's, with Django set up, the tasks and the clock.

Start with ``celery -A workers.app worker``; nothing in the web process imports this.
"""

import django

from portal.config.celery import app

django.setup()

# Tasks import models, so they come after the set-up; the parent process imports no engine.
from workers import lifecycle  # noqa: E402
from workers.schedule import SCHEDULE  # noqa: E402
from workers.tasks import (  # noqa: E402
    alerts,
    attendance,
    calibration,
    cameras,
    corrections,
    enrolment,
    faces,
    hygiene,
    invitation,
    kiosk,
    maintenance,
    muster,
    punch_import,
    recognition,
    reports,
    review,
    roster,
)

app.conf.beat_schedule = SCHEDULE

__all__ = [
    "alerts",
    "app",
    "attendance",
    "calibration",
    "cameras",
    "corrections",
    "enrolment",
    "faces",
    "hygiene",
    "invitation",
    "kiosk",
    "lifecycle",
    "maintenance",
    "muster",
    "punch_import",
    "recognition",
    "reports",
    "review",
    "roster",
]
