"""The state of the installation: database, broker, workers, disk, what waits."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from portal.audit.selectors import has_kept_its_end
from portal.cameras.selectors import online_count
from portal.config.version import VERSION
from portal.core.context import require
from portal.engines.models import WorkerReport
from portal.engines.selectors import (
    deciding,
    live_workers,
    threshold_estimate,
    worker_reports,
)
from portal.people.selectors import gallery_people_count, gallery_revision
from portal.sightings.services import waiting_count

__all__ = ["Check", "Health", "health", "readiness_checks"]

CheckState = Literal["ok", "warning", "down"]
LOW_DISK_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must work, whether it does, and what to do where it does not."""

    name: str
    state: CheckState
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that the System page shows."""

    version: str
    checks: tuple[Check, ...]
    workers: tuple[WorkerReport, ...]
    waiting: int
    enrolled: int
    revision: int
    threshold: float
    stranger_rate: float
    is_threshold_fixed: bool
    # Of the saved rule that decides; None is the shipped one.
    rule_number: int | None
    is_beyond_evidence: bool
    disk_free_bytes: int
    database: str

    @property
    def revision_words(self) -> str:
        return f"revision {self.revision}"

    @property
    def threshold_words(self) -> str:
        if self.rule_number is not None:
            return f"of rule {self.rule_number}, saved on the Calibration page"
        if self.is_threshold_fixed:
            return "fixed by the operator"
        words = f"at most {self.stranger_rate:.1%} of strangers named"
        if self.is_beyond_evidence:
            return f"{words}, if the evidence reached this gallery size; it does not"
        return words

    @property
    def disk_free_words(self) -> str:
        return f"{self.disk_free_bytes / 1024**3:.0f} GB"

    @property
    def state(self) -> CheckState:
        states = {check.state for check in self.checks}
        return "down" if "down" in states else "warning" if "warning" in states else "ok"


def readiness_checks() -> tuple[Check, ...]:
    """What the web process itself needs in order to answer: database and broker."""
    return (_database(), _broker())


def health() -> Health:
    require("system.view")
    enrolled = gallery_people_count()
    found = deciding(enrolled)
    free = shutil.disk_usage(Path(settings.DATA_DIR)).free
    return Health(
        version=VERSION,
        checks=(
            *readiness_checks(),
            _worker("recognition"),
            _worker("light"),
            *_cameras(),
            _disk(free),
            _audit_log(),
        ),
        workers=tuple(worker_reports()),
        waiting=waiting_count(),
        enrolled=enrolled,
        revision=gallery_revision(),
        threshold=found.policy.threshold,
        stranger_rate=settings.RECOGNITION.stranger_rate,
        is_threshold_fixed=settings.RECOGNITION.threshold is not None,
        rule_number=found.rule.number if found.rule is not None else None,
        is_beyond_evidence=threshold_estimate(enrolled).is_extrapolated,
        disk_free_bytes=free,
        database=connection.vendor,
    )


def _database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError as error:
        return Check("Database", "down", f"The database does not answer: {error}")
    return Check("Database", "ok", f"{connection.display_name} answers.")


def _broker() -> Check:
    try:
        cache.set("health", 1, timeout=5)
        answer: Any = cache.get("health")
    except (RedisError, OSError) as error:
        return Check(
            "Broker",
            "down",
            f"The broker does not answer ({error}). Nothing is lost: pictures wait in the "
            "database until it is back.",
        )
    return Check("Broker", "ok" if answer == 1 else "down", "Queue, live events and cache answer.")


def _worker(role: str) -> Check:
    label = WorkerReport.Role(role).label
    number = live_workers(role)
    if number:
        return Check(
            label, "ok", f"{number} worker{'s' if number > 1 else ''} gave a sign of life."
        )
    return Check(
        label,
        "down",
        "No worker gave a sign of life within 30 seconds. “manage.py up” restarts it; see its log.",
    )


def _cameras() -> tuple[Check, ...]:
    """No word where none is expected to send. One that sends by itself may be right to be silent."""
    cameras = online_count()
    if not cameras.expected:
        return ()
    noun = "camera is" if cameras.expected == 1 else "cameras are"
    detail = f"{cameras.online} of {cameras.expected} {noun} online."
    if not cameras.offline:
        return (Check("Cameras", "ok", detail),)
    return (Check("Cameras", "warning", f"{detail} The Cameras page says what the others lack."),)


def _audit_log() -> Check:
    """Whether it still has the entry that it ended with last: cheap enough for every look."""
    if has_kept_its_end():
        return Check("Audit log", "ok", "Its end is where it was.")
    return Check(
        "Audit log",
        "warning",
        "Its end is not where it was. “manage.py audit_verify” says what happened.",
    )


def _disk(free: int) -> Check:
    gigabytes = free / 1024**3
    if free < LOW_DISK_BYTES:
        return Check("Disk", "warning", f"Only {gigabytes:.1f} GB are free in the data directory.")
    return Check("Disk", "ok", f"{gigabytes:.0f} GB are free in the data directory.")
