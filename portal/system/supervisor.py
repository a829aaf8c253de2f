"""Keeps processes running: starts them, restarts what dies, stops them in reverse order.

Knows nothing of Gatehouse's services; ``startup`` tells it what to run. Public surface:
``Supervisor`` and ``Finished``.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from portal.system.child import Child, Restarts
from portal.system.logs import RotatingLog
from portal.system.process import ProcessSpec
from portal.system.spawning import Warden, kill_group, spawn

__all__ = ["Finished", "Supervisor"]


@dataclass(frozen=True, slots=True)
class Finished:
    """How a one-off command ended."""

    returncode: int
    stdout: str
    stderr: str


class Supervisor:
    """Owns child processes. Every coroutine runs in the event loop of the main thread.

    ``directory`` is where children run; ``run_dir`` holds their ready files, ``logs_dir`` their
    logs; ``say`` writes one line to the operator.
    """

    def __init__(
        self,
        *,
        directory: Path,
        run_dir: Path,
        logs_dir: Path,
        say: Callable[[str], None],
        restarts: Restarts | None = None,
    ) -> None:
        self._directory = directory
        self._run_dir = run_dir
        self._logs_dir = logs_dir
        self._say = say
        self._restarts = restarts or Restarts()
        self._children: list[Child] = []
        self._warden = Warden(directory)

    async def start(self, spec: ProcessSpec) -> None:
        """Start ``spec``, wait until it is ready, and keep it running from then on.

        Raises ``StartFailed`` where it reports a failure, ends or is not ready in time.
        """
        await self._warden.ensure()
        child = Child(
            spec,
            directory=self._directory,
            ready_file=self.ready_file(spec.name),
            log=RotatingLog(self._logs_dir / f"{spec.name}.log"),
            say=self._say,
            restarts=self._restarts,
            warden=self._warden,
        )
        self._children.append(child)
        await child.begin()
        child.keep()

    def ready_file(self, name: str) -> Path:
        return self._run_dir / f"{name}.ready"

    async def run(self, argv: tuple[str, ...]) -> Finished:
        """Run a command to its end. Cancelling ends the command too."""
        await self._warden.ensure()
        process = await spawn(argv, directory=self._directory, stderr=PIPE)
        self._warden.add(process.pid)
        try:
            stdout, stderr = await process.communicate()
        finally:
            kill_group(process.pid)
            await process.wait()
            self._warden.remove(process.pid)
        return Finished(process.returncode or 0, stdout.decode(), stderr.decode())

    async def stop(self, *, at_once: asyncio.Event) -> None:
        """Stop what was started last first; SIGKILL after each one's grace or ``at_once``."""
        while self._children:
            await self._children.pop().stop(at_once=at_once)
        await self._warden.dismiss()
