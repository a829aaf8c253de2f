"""What must hold before anything is started. Each check raises ``OperatorError`` in plain words.

Public surface: ``check_time_zone``, ``check_broker_url``, ``make_data_directory``,
``make_runtime_directory``, ``hold_lock``, ``listen``.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.core.errors import OperatorError

__all__ = [
    "check_broker_url",
    "check_time_zone",
    "hold_lock",
    "listen",
    "make_data_directory",
    "make_runtime_directory",
]

# sun_path in sys/un.h, less the closing zero; macOS has 104.
_LONGEST_SOCKET_PATH = 103

_SECOND_UP = (
    "Gatehouse is already running on this data directory ({folder}, process {holder}). Stop it "
    "first, or set GATEHOUSE_DATA_DIR and GATEHOUSE_PORT for a second installation."
)

# As many browsers as may wait while a web process that died is started again.
_BACKLOG = 2048


def check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise OperatorError(
            f"GATEHOUSE_TIME_ZONE is {name!r}, which is not a time zone. Expected a name such as "
            "Europe/Berlin or UTC."
        ) from None


def check_broker_url(url: str) -> None:
    """Ping the server that ``GATEHOUSE_REDIS_URL`` names."""
    import redis  # a quarter of a second that the private broker does not need

    shown = _without_password(url)
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
    except ValueError as error:
        raise OperatorError(
            f"GATEHOUSE_REDIS_URL is {shown!r} ({error}). Expected redis://host:6379 or "
            "rediss://user:password@host:6379."
        ) from None
    except (redis.RedisError, OSError) as error:
        raise OperatorError(
            f"The broker at {shown} (GATEHOUSE_REDIS_URL) does not answer ({error}). Start it, "
            "correct the address, or unset the variable to use the broker that Gatehouse brings."
        ) from None


def make_data_directory(path: Path) -> None:
    """Create the data directory with its folders, and prove that it can be written."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("broker", "logs", "models", "run"):
            (path / name).mkdir(mode=0o700, exist_ok=True)
        probe = path / "run" / f"write-test.{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OperatorError(
            f"The data directory {path} cannot be written ({error.strerror}: {error.filename}). "
            "Give the user who runs Gatehouse the right to write there, or set "
            "GATEHOUSE_DATA_DIR to another folder."
        ) from None


def make_runtime_directory(path: Path, *, longest_name: str) -> None:
    """Create the private folder for sockets, or verify that the one found is ours alone.

    It may lie in a folder that everybody can write, so what is there is not trusted: a link, a
    folder of somebody else or one that others may enter is refused.
    """
    if len(os.fsencode(path / longest_name)) > _LONGEST_SOCKET_PATH:
        raise OperatorError(
            f"The folder for sockets, {path}, has too long a name: with the socket's own it may "
            f"have {_LONGEST_SOCKET_PATH} bytes. Set XDG_RUNTIME_DIR to a folder with a shorter "
            "one, such as /tmp."
        )
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise OperatorError(
            f"The folder for sockets, {path}, cannot be made ({error.strerror}). Set "
            "XDG_RUNTIME_DIR to a folder that you may write."
        ) from None
    if not stat.S_ISDIR(found.st_mode):
        problem = "is a link or a file"
    elif found.st_uid != os.getuid():
        problem = f"belongs to user {found.st_uid}"
    elif stat.S_IMODE(found.st_mode) & 0o077:
        problem = f"can be entered by others (mode {stat.S_IMODE(found.st_mode):o})"
    else:
        return
    raise OperatorError(
        f"The folder for sockets, {path}, {problem}; expected a folder of yours with mode 700. "
        "Find out who made it, remove it, and start again."
    )


def hold_lock(path: Path, *, refusal: str = _SECOND_UP) -> IO[str]:
    """Return an open file that holds the lock of a data directory for as long as it is open.

    The kernel lets go of it when the process ends, however it ends. ``refusal`` is what a second
    process is told; ``{path}``, ``{folder}`` and ``{holder}`` in it are the lock, the data
    directory and the first process.
    """
    file = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise OperatorError(
            refusal.format(path=path, folder=path.parent.parent, holder=holder)
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on ``host`` and ``port``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise OperatorError(
            f"GATEHOUSE_HOST is {host!r}, which is no address of this machine ({error.strerror}). "
            "Expected 127.0.0.1, 0.0.0.0 or a name of this machine."
        ) from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise OperatorError(_why_not_bound(error, host, port)) from None
    return listener


def _why_not_bound(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another program. Stop that program, or set "
            "GATEHOUSE_PORT to another port."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"This user may not listen on port {port} ({error.strerror}). Set GATEHOUSE_PORT to "
            "1024 or above and put a reverse proxy in front."
        )
    return (
        f"Gatehouse cannot listen on {host} port {port} ({error.strerror}). Expected in "
        "GATEHOUSE_HOST an address of this machine, such as 127.0.0.1 or 0.0.0.0."
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=f"…@{parts.netloc.rpartition('@')[2]}").geturl()
