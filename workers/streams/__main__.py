"""Run as ``python -m workers.streams``; under ``manage.py up`` it is one of the services."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from workers.streams.service import StreamService

__all__ = ["main"]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
    django.setup()

    from portal.core.context import SYSTEM, acting_as
    from portal.system.process import die_with_parent
    from portal.system.readiness import READY_FILE_VARIABLE, report_ready

    if READY_FILE_VARIABLE in os.environ:
        # Whoever started it by hand may log out; a supervisor that is gone must leave nothing.
        die_with_parent()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with acting_as(SYSTEM):
        service = _service()
        report_ready()
        service.run(stopped)


def _service() -> StreamService:
    from workers.engine_host import EngineHost
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
    )


if __name__ == "__main__":
    main()
