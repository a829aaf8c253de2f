"""Readiness: what a worker reports, and what the web process answers."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from pathlib import Path

import pytest

from portal.system.preflight import listen
from portal.system.readiness import (
    READY_FILE_VARIABLE,
    StartFailed,
    answers_http,
    report_failure,
    report_ready,
    reports_in_file,
)


async def test_a_report_is_awaited_and_then_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "worker.ready"
    monkeypatch.setenv(READY_FILE_VARIABLE, str(path))
    waiting = asyncio.create_task(reports_in_file(path)())
    await asyncio.sleep(0.15)
    assert not waiting.done()
    report_ready()
    await asyncio.wait_for(waiting, timeout=5)
    assert [p.name for p in tmp_path.iterdir()] == ["worker.ready"]


async def test_a_reported_failure_is_raised_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "worker.ready"
    monkeypatch.setenv(READY_FILE_VARIABLE, str(path))
    report_failure("No GPU was found.\nInstall its driver.")
    with pytest.raises(StartFailed, match=r"^No GPU was found\.\nInstall its driver\.$"):
        await reports_in_file(path)()


def test_outside_the_supervisor_reports_go_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(READY_FILE_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    report_ready()
    report_failure("nobody listens")
    assert list(tmp_path.iterdir()) == []


async def test_the_web_process_is_asked_until_it_answers_200() -> None:
    answers = ["503 Service Unavailable", "200 OK"]
    requests: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {answers.pop(0)}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    with closing(listen("127.0.0.1", 0)) as listener:
        # The request is made before anybody serves: it waits in the listener's queue.
        waiting = asyncio.create_task(answers_http(listener, path="/readyz", over_tls=True)())
        await asyncio.sleep(0.1)
        async with await asyncio.start_server(serve, sock=listener.dup()):
            await asyncio.wait_for(waiting, timeout=5)
    assert len(requests) == 2
    assert requests[0].startswith("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    assert "X-Forwarded-Proto: https\r\n" in requests[0]


@pytest.mark.parametrize("host", ["0.0.0.0", "::1"])  # noqa: S104 - loopback is asked
async def test_any_listening_address_can_be_asked(host: str) -> None:
    try:
        listener = listen(host, 0)
    except Exception:  # noqa: BLE001 - a machine without IPv6 answers in several ways
        pytest.skip(f"this machine has no {host}")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    with closing(listener):
        async with await asyncio.start_server(serve, sock=listener.dup()):
            await asyncio.wait_for(
                answers_http(listener, path="/readyz", over_tls=False)(), timeout=5
            )


def test_the_listening_socket_keeps_connections_while_nobody_serves() -> None:
    with (
        closing(listen("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname(), timeout=2) as client,
    ):
        assert client.getpeername() == listener.getsockname()
