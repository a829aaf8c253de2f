"""What the streams read from and write to the database. Public surface: ``Records``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from portal.cameras.contracts import CameraSettings, CameraYield, HealthReport
from portal.cameras.models import Camera
from portal.cameras.selectors import camera_settings
from portal.cameras.services import count_yields, keep_still, report_health
from portal.core.errors import DomainError
from portal.engines.models import WorkerReport
from portal.engines.services import report_worker, report_worker_alive
from recognition.errors import RecognitionError
from workers.engine_host import EngineHost

__all__ = ["Records"]

logger = structlog.get_logger(__name__)


class Records:
    """``name`` is this process's own among the workers: "streams@host"."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cameras(self) -> list[CameraSettings]:
        """Those to fetch pictures from; one whose settings cannot be read spoils no other."""
        rows = Camera.objects.select_related("site").filter(is_enabled=True, kind__in=Camera.LIVE)
        found = []
        for row in rows.exclude(sealed_address=None):
            try:
                found.append(camera_settings(row))
            except DomainError as error:
                logger.error("camera_unreadable", camera=str(row.pk), code=error.code)
        return found

    def write_health(self, reports: Sequence[HealthReport], yields: Sequence[CameraYield]) -> None:
        report_health(reports)
        if yields:
            count_yields(yields)

    def write_still(self, camera_id: UUID, jpeg: bytes, *, at: datetime) -> None:
        keep_still(camera_id, jpeg, at=at)

    def tell_engine(self, host: EngineHost | None, error: RecognitionError | None) -> None:
        """On the System page: ready (without an engine while no camera needs one), or why not."""
        checks: Sequence[dict[str, Any]] = host.checks if host is not None else ()
        if error is not None:
            checks = [{"name": error.code, "ok": False, "detail": error.message}]
        state = WorkerReport.State.READY if error is None else WorkerReport.State.FAILED
        report_worker(
            self.name,
            role=WorkerReport.Role.STREAMS,
            state=state,
            pid=os.getpid(),
            engine=host.describe() if host is not None else {},
            checks=checks,
        )

    def tell_alive(self, host: EngineHost | None) -> None:
        if host is None:
            report_worker_alive(self.name)
            return
        report_worker_alive(
            self.name,
            gallery_revision=max(host.gallery.revision, 0),
            gallery_size=len(host.gallery),
        )
