"""What happens when a worker's processes start and stop: engine, report, heartbeat."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import structlog
from celery.signals import beat_embedded_init, worker_init, worker_process_init, worker_ready
from django.db import DatabaseError, close_old_connections, connection

from portal.core.context import SYSTEM, acting_as
from portal.engines.models import WorkerReport
from portal.engines.services import report_worker, report_worker_alive
from portal.engines.services.adopt_space import report_models
from portal.sightings.services import release_leases
from portal.system.process import die_with_parent
from portal.system.readiness import report_failure, report_ready
from recognition.errors import RecognitionError
from workers.engine_host import EngineHost, install_host, installed_host
from workers.settings import models_here

__all__ = ["HEARTBEAT_S"]

logger = structlog.get_logger(__name__)

HEARTBEAT_S = 10.0

# Set in the parent, inherited by its pool processes through the fork: "recognition@host".
_worker_name = ""


@worker_init.connect  # type: ignore[untyped-decorator]
def _remember_name(sender: Any, **_: Any) -> None:
    global _worker_name  # noqa: PLW0603
    _worker_name = sender.hostname


@worker_ready.connect  # type: ignore[untyped-decorator]
def _parent_ready(sender: Any, **_: Any) -> None:
    if not _is_recognition():
        report_ready()


@beat_embedded_init.connect  # type: ignore[untyped-decorator]
def _clock_started(**_: Any) -> None:
    die_with_parent()


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _process_started(**_: Any) -> None:
    die_with_parent()
    connection.close()  # the parent's connection must not be shared across the fork
    role = WorkerReport.Role.RECOGNITION if _is_recognition() else WorkerReport.Role.LIGHT
    with acting_as(SYSTEM):
        if role == WorkerReport.Role.RECOGNITION:
            _start_engine()
        else:
            report_worker(_worker_name, role=role, state=WorkerReport.State.READY, pid=os.getpid())
    threading.Thread(target=_beat, name="heartbeat", daemon=True).start()


def _start_engine() -> None:
    try:
        host = EngineHost.build(owner=_worker_name)
    except RecognitionError as error:
        logger.error("engine_refused", code=error.code, message=error.message)
        report_worker(
            _worker_name,
            role=WorkerReport.Role.RECOGNITION,
            state=WorkerReport.State.FAILED,
            pid=os.getpid(),
            checks=[{"name": error.code, "ok": False, "detail": error.message}],
        )
        report_failure(error.message)
        # A pool process that merely exits is replaced for ever; the supervisor must decide.
        os.kill(os.getppid(), signal.SIGTERM)
        os._exit(1)
    install_host(host)
    host.gallery.refresh()
    released = release_leases(_worker_name)
    report_worker(
        _worker_name,
        role=WorkerReport.Role.RECOGNITION,
        state=WorkerReport.State.READY,
        pid=os.getpid(),
        engine={**host.describe(), "models": models_here()},
        checks=host.checks,
    )
    report_worker_alive(
        _worker_name, gallery_revision=host.gallery.revision, gallery_size=len(host.gallery)
    )
    logger.info("engine_ready", gallery=len(host.gallery), released=released)
    report_ready()


def _beat() -> None:
    """Sign of life every ``HEARTBEAT_S``; dies with the process, so silence means death."""
    pause = threading.Event()
    known: list[dict[str, Any]] | None = None
    while not pause.wait(HEARTBEAT_S):
        try:
            close_old_connections()
            if _is_recognition():
                known = _tell_models(known)
                gallery = installed_host().gallery
                report_worker_alive(
                    _worker_name,
                    gallery_revision=max(gallery.revision, 0),
                    gallery_size=len(gallery),
                )
            else:
                report_worker_alive(_worker_name)
        except DatabaseError as error:
            logger.warning("heartbeat_missed", error=str(error))


def _tell_models(known: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """A model that was added or removed meanwhile is seen on the Model page."""
    here = models_here()
    if here != known:
        report_models(_worker_name, here)
    return here


def _is_recognition() -> bool:
    return _worker_name.startswith("recognition")
