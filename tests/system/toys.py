"""Tiny child processes for the supervisor's tests, and a supervisor to run them."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from portal.system.child import Restarts
from portal.system.process import ProcessSpec
from portal.system.readiness import reports_in_file
from portal.system.supervisor import Supervisor

PROJECT = Path(__file__).resolve().parents[2]

# A quick back-off; the same doubling as the real one.
QUICK = Restarts(first_wait_s=0.02, longest_wait_s=0.08, healthy_after_s=30, start_timeout_s=15)

READY_THEN_WAIT = """
    report_ready()
    time.sleep(600)
"""


def toy(code: str) -> tuple[str, ...]:
    """A Python child that notes its process id in ``pids`` before it runs ``code``."""
    head = """
        import os, signal, subprocess, sys, time
        from pathlib import Path
        from portal.system.readiness import report_failure, report_ready
        name = os.environ["TOY_NAME"]
        with (Path(os.environ["TOY_DIR"]) / "events").open("a") as events:
            events.write(f"start {name} {os.getpid()}\\n")
    """
    return (sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(code))


class Nursery:
    """A supervisor over toys, with what it said and what the toys noted."""

    def __init__(self, directory: Path, restarts: Restarts = QUICK) -> None:
        self.directory = directory
        self.said: list[str] = []
        (directory / "run").mkdir(parents=True, exist_ok=True)
        self.supervisor = Supervisor(
            directory=PROJECT,
            run_dir=directory / "run",
            logs_dir=directory / "logs",
            say=self.said.append,
            restarts=restarts,
        )

    def spec(self, name: str, code: str = READY_THEN_WAIT, **changes: object) -> ProcessSpec:
        return ProcessSpec(
            **{
                "name": name,
                "title": name,
                "argv": toy(code),
                "ready": reports_in_file(self.supervisor.ready_file(name)),
                "env": {"TOY_NAME": name, "TOY_DIR": str(self.directory)},
                "stop_grace_s": 5.0,
                **changes,
            }
        )

    def events(self) -> list[list[str]]:
        path = self.directory / "events"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def pids(self, name: str) -> list[int]:
        return [int(e[2]) for e in self.events() if e[:2] == ["start", name]]

    async def stop(self, *, at_once: bool = False) -> None:
        event = asyncio.Event()
        if at_once:
            event.set()
        await self.supervisor.stop(at_once=event)


def is_alive(pid: int) -> bool:
    """False for a process that is gone and for a zombie that nobody has waited for yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def eventually(condition: Callable[[], object], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def soon(condition: Callable[[], object], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
