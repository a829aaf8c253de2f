"""The whole product under test: ``manage.py up`` on a free port with data of its own.

Public surface: ``Gatehouse``. Fixtures over it are in ``conftest.py``; other folders import it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.config.env import read_environment
from tests.integration.made_tables import copy_tables

__all__ = ["PROJECT", "Gatehouse", "free_port", "system_environment"]

PROJECT = Path(__file__).resolve().parents[2]

# A slow, busy machine starts in half of this.
_START_S = 120.0
_END_S = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def system_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The shell's variables without any setting of Gatehouse's or Python's own, plus ``changes``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GATEHOUSE_", "DJANGO_", "PYTHONDEV", "PYTHONWARN"))
        and name != "DATABASE_URL"
    }
    return {**kept, **changes}


@dataclass
class Gatehouse:
    """One running system. ``lines`` is what it has said so far."""

    data_dir: Path
    port: int
    email: str = "admin@gatehouse.test"
    password: str = "correct horse battery staple"
    environment: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    _reader: threading.Thread | None = None

    @classmethod
    def create(cls, *, from_nothing: bool = False, **environment: str) -> Gatehouse:
        """Make a system without any data; nothing is started yet.

        ``from_nothing``: without tables too, as whoever starts Gatehouse for the first time has it.
        """
        data_dir = Path(tempfile.mkdtemp(prefix="gatehouse-system-"))
        if not from_nothing and "DATABASE_URL" not in environment:
            copy_tables(data_dir, environment=system_environment({}))
        return cls(data_dir=data_dir, port=free_port(), environment=environment)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None, "the system was not started"
        return self.process.pid

    def launch(self) -> None:
        """Start ``manage.py up`` without waiting for it."""
        settings = {
            "GATEHOUSE_DATA_DIR": str(self.data_dir),
            "GATEHOUSE_PORT": str(self.port),
            "GATEHOUSE_ADMIN_EMAIL": self.email,
            "GATEHOUSE_ADMIN_PASSWORD": self.password,
            **self.environment,
        }
        self.lines.clear()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--no-input"],
            cwd=PROJECT,
            env=system_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self) -> Gatehouse:
        """Start and wait until it says that it is ready."""
        self.launch()
        self.wait_for(f"Gatehouse is ready at {self.base_url}/", within_s=_START_S)
        return self

    def wait_for(self, text: str, *, within_s: float = 60.0) -> None:
        """Wait until a line contains ``text``."""
        self.until(lambda: any(text in line for line in self.lines), within_s=within_s, what=text)

    def until(self, condition: Callable[[], object], *, within_s: float, what: str) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            said = "\n".join(self.lines)
            assert self.process is not None
            assert self.process.poll() is None, f"it ended while waiting for {what!r}:\n{said}"
            assert time.monotonic() < deadline, f"no {what!r} in time; it said:\n{said}"
            time.sleep(0.05)

    def get(self, path: str, *, timeout_s: float = 30.0) -> int:
        """Return the HTTP status of ``GET path`` (redirects followed)."""
        address = f"{self.base_url}{path}"
        with urllib.request.urlopen(address, timeout=timeout_s) as answer:  # noqa: S310 - http
            return int(answer.status)

    def run_module(self, module: str, *arguments: str) -> str:
        """``python -m MODULE`` as an operator would: beside the system, on its data. Returns what
        it printed."""
        environment = system_environment(
            {
                **self.environment,
                "GATEHOUSE_DATA_DIR": str(self.data_dir),
                "DJANGO_SETTINGS_MODULE": "portal.config.settings",
            }
        )
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        return done.stdout

    def wait_for_end(self, *, within_s: float = 60.0) -> int:
        """Return the exit code, with everything that was said in ``lines``."""
        assert self.process is not None
        assert self._reader is not None
        code = self.process.wait(timeout=within_s)
        self._reader.join(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def stop(self) -> int:
        """Ask it to stop, as an operator would, and return its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait_for_end()

    def discard(self) -> None:
        """End it whatever its state, and remove its data.

        Killed, because nobody needs it any more: an orderly end takes six seconds. Its warden
        ends what is left of it.
        """
        try:
            if self.process is None:
                return
            self.process.kill()
            self.wait_for_end()
            deadline = time.monotonic() + _END_S
            while left := self.processes():
                assert time.monotonic() < deadline, f"still running: {left}"
                time.sleep(0.05)
        finally:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def processes(self) -> dict[int, str]:
        """Every process of this system but ``up`` itself: process id to command line.

        Known by the data directory in their environment, so strays are found as well. (The broker
        writes its title over its environment; the title names its socket.)
        """
        settings = {"GATEHOUSE_DATA_DIR": str(self.data_dir)}
        mark = f"GATEHOUSE_DATA_DIR={self.data_dir}".encode()
        broker_mark = str(read_environment(settings).broker_socket)
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == getattr(self.process, "pid", 0):
                continue
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (folder / "environ").read_bytes().split(b"\0")
                if mark in environment or broker_mark in command:
                    found[int(folder.name)] = command
            except OSError:
                continue
        return found

    def pid_of(self, part: str) -> int:
        """The oldest process whose command line contains ``part``."""
        return min(pid for pid, command in self.processes().items() if part in command)

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
