"""Starting and ending process groups so that none is ever left behind.

Public surface: ``spawn``, ``kill_group`` and ``Warden``, the supervisor's end of
``portal.system.warden``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Warden", "kill_group", "spawn"]


class Warden:
    """Tells the warden process which groups live; starts it again should it be killed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._groups: set[int] = set()
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def ensure(self) -> None:
        if self._keeper is None:
            await self._start()
            self._keeper = asyncio.create_task(self._keep())

    def add(self, group: int) -> None:
        self._groups.add(group)
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        self._groups.discard(group)
        self._tell(f"-{group}\n")

    async def dismiss(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "portal.system.warden"),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            cwd=self._directory,
            start_new_session=True,
        )
        for group in self._groups:
            self._tell(f"+{group}\n")

    async def _keep(self) -> None:
        while self._process is not None:
            await self._process.wait()
            await asyncio.sleep(0.1)
            await self._start()

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line.encode("ascii"))


async def spawn(
    argv: tuple[str, ...],
    *,
    directory: Path,
    stderr: int,
    env: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
) -> Process:
    # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which then
    # stops the children in order, and the whole group can be ended with one signal.
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=stderr,
        cwd=directory,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
        pass_fds=pass_fds,
        start_new_session=True,
    )


def kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nobody is left in it. (macOS says "not permitted" of a group of zombies.)
        return
