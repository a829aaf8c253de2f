"""How a process says that it works, and how the supervisor hears of it.

A worker calls ``report_ready`` or ``report_failure``; the broker is pinged; the web process is
asked for ``/readyz``. The checks are coroutines that return once the answer is yes and raise
``StartFailed`` once it is a final no.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Final

__all__ = [
    "READY_FILE_VARIABLE",
    "StartFailed",
    "answers_http",
    "answers_ping",
    "report_failure",
    "report_ready",
    "reports_in_file",
]

# Set by the supervisor for its own children; not a setting for operators.
READY_FILE_VARIABLE: Final = "GATEHOUSE_READY_FILE"

# Short against a start of seconds, and too rare to cost anything.
_POLL_S = 0.05


class StartFailed(Exception):
    """A process said, or showed, that it cannot start; the text is for the operator."""


def report_ready() -> None:
    """Say that this process does its work now. Does nothing outside the supervisor."""
    _report({"state": "ready"})


def report_failure(message: str) -> None:
    """Say why this process cannot do its work. Does nothing outside the supervisor."""
    _report({"state": "failed", "message": message})


def _report(content: dict[str, str]) -> None:
    name = os.environ.get(READY_FILE_VARIABLE)
    if not name:
        return
    path = Path(name)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(path)


def reports_in_file(path: Path) -> Callable[[], Awaitable[None]]:
    """Ready when the process itself has said so in ``path``."""

    async def check() -> None:
        while not path.exists():
            await asyncio.sleep(_POLL_S)
        report = json.loads(path.read_text(encoding="utf-8"))
        if report["state"] == "failed":
            raise StartFailed(report["message"])

    return check


def answers_ping(socket_path: Path) -> Callable[[], Awaitable[None]]:
    """Ready when a Valkey or Redis server on ``socket_path`` answers PING with PONG.

    While it still reads its append-only file it answers ``-LOADING``.
    """

    async def check() -> None:
        while await _exchange_unix(socket_path, b"PING\r\n") != b"+PONG":
            await asyncio.sleep(_POLL_S)

    return check


def answers_http(
    listener: socket.socket, *, path: str, over_tls: bool
) -> Callable[[], Awaitable[None]]:
    """Ready when ``GET path`` on ``listener``'s own address is answered with 200.

    ``over_tls`` speaks as the TLS proxy in front would, else the answer is a redirect.
    """
    family, address = listener.family, _own_address(listener)
    host = f"[{address[0]}]" if family == socket.AF_INET6 else address[0]
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    if over_tls:
        lines.append("X-Forwarded-Proto: https")
    request = ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    async def check() -> None:
        while True:
            # The listener is the supervisor's: this request waits in its queue until a web
            # process takes it, so a slow start costs one request, not many.
            client = socket.socket(family)
            client.setblocking(False)
            with closing(client):
                first_line = await _exchange(client, address, request)
            if first_line.split(b" ")[1:2] == [b"200"]:
                return
            await asyncio.sleep(_POLL_S)

    return check


def _own_address(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104


async def _exchange_unix(socket_path: Path, request: bytes) -> bytes:
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    with closing(client):
        return await _exchange(client, str(socket_path), request)


async def _exchange(client: socket.socket, address: tuple[str, int] | str, request: bytes) -> bytes:
    """Return the first line of the answer, or nothing where the server is not there yet."""
    loop = asyncio.get_running_loop()
    received = b""
    try:
        await loop.sock_connect(client, address)
        await loop.sock_sendall(client, request)
        while b"\r\n" not in received:
            part = await loop.sock_recv(client, 4096)
            if not part:
                return b""
            received += part
    except OSError:
        return b""
    return received.split(b"\r\n", 1)[0]
