"""What runs: the command line of each service, and the description of a supervised process.

The one place that knows these command lines: ``manage.py up`` runs them, docker-compose.yml
repeats them and a test compares the two.
Public surface: ``ProcessSpec``, ``Service``, ``SERVICES``, ``service_command``,
``die_with_parent``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

__all__ = ["SERVICES", "ProcessSpec", "Service", "die_with_parent", "service_command"]

Service = Literal["web", "recognition", "light", "streams"]

SERVICES: Final[tuple[Service, ...]] = ("web", "recognition", "light", "streams")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process under supervision.

    ``title`` is its name in messages, ``name`` the stem of its files. ``ready`` returns once the
    process works and raises ``StartFailed`` where it never will. ``stop_grace_s`` is the time
    between SIGTERM and SIGKILL. Warnings in its log reach the console unless ``is_quiet``.
    """

    name: str
    title: str
    argv: tuple[str, ...]
    ready: Callable[[], Awaitable[None]]
    env: Mapping[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()
    stop_grace_s: float = 10.0
    is_quiet: bool = False


def service_command(
    service: Service, *, data_dir: Path, python: str = sys.executable
) -> tuple[str, ...]:
    """Return the command line of ``service``, to be run in the project's folder.

    One child per worker: the recognition worker's engine uses all cores (or the GPU) itself, and
    the light tasks are short. The light worker carries the clock (``-B``), so exactly one light
    worker may run.
    """
    if service == "web":
        return (python, "-m", "portal.system.web")
    if service == "streams":
        return (python, "-m", "workers.streams")
    # Django's checks took a second of every worker's start; preparing the database runs them.
    celery = (python, "-m", "celery", "--quiet", "--skip-checks", "-A", "workers.app")
    options = (
        *("--queues", service, "--hostname", f"{service}@%h"),
        *("--pool", "prefork", "--concurrency", "1", "--loglevel", "INFO"),
        # Two workers on one broker have nothing to gossip about, and heartbeat events have no
        # reader: the portal watches a heartbeat of its own.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )
    clock = ("--beat", "--schedule", str(data_dir / "run" / "beat")) if service == "light" else ()
    return (*celery, "worker", *options, *clock)


def die_with_parent() -> None:
    """Make the calling process end when its parent does, however the parent ends.

    For the children of a Celery worker: one whose master was killed with SIGKILL would wait for
    work for ever. Under ``manage.py up`` the supervisor ends them anyway; a worker that was
    started by hand has nobody who would. Call it in the child's main thread.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="die-with-parent", daemon=True).start()
