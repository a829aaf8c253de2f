"""Run as ``python -m workers.streams``; under ``manage.py up`` it is one of the services.

One a data directory: two would look at every camera twice, and count all of it twice.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import IO, TYPE_CHECKING, Final

import django

if TYPE_CHECKING:
    from workers.streams.service import StreamService

__all__ = ["main"]

_REFUSAL: Final = (
    "The camera streams of this data directory are already running (process {holder} holds the "
    "lock {path}). Stop that process first; “manage.py up” runs the streams itself, so beside it "
    "they are not started by hand. For a second installation set GATEHOUSE_DATA_DIR."
)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
    django.setup()

    from portal.core.context import SYSTEM, acting_as
    from portal.jobs.dispatch import ring
    from portal.system.process import die_with_parent
    from portal.system.readiness import READY_FILE_VARIABLE, report_ready

    if READY_FILE_VARIABLE in os.environ:
        # Whoever started it by hand may log out; a supervisor that is gone must leave nothing.
        die_with_parent()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with _lock(), acting_as(SYSTEM):
        service = _service()
        # Whatever happened meanwhile is looked at; and Celery is loaded and connected, which takes
        # half a second, before the first face waits for it.
        ring("alerts.consider")
        report_ready()
        service.run(stopped)


def _lock() -> IO[str]:
    from django.conf import settings

    from portal.core.errors import OperatorError
    from portal.system.preflight import hold_lock
    from portal.system.readiness import report_failure

    path = settings.DATA_DIR / "run" / "streams.lock"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return hold_lock(path, refusal=_REFUSAL)
    except OperatorError as error:
        report_failure(str(error))
        sys.exit(str(error))


def _service() -> StreamService:
    from workers.engine_host import EngineHost, is_outdated
    from workers.streams.addresses import Addresses
    from workers.streams.records import Records
    from workers.streams.service import StreamService
    from workers.visits import VisitBook

    name = f"streams@{socket.gethostname()}"
    return StreamService(
        records=Records(name),
        build_host=lambda: EngineHost.build(owner=name, enlarges=False),
        make_book=VisitBook,
        prepare=Addresses().prepare,
        is_outdated=is_outdated,
    )


if __name__ == "__main__":
    main()
