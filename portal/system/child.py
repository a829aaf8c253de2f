"""One supervised process and its successors: begin, keep running, stop.

Public surface: ``Child`` and ``Restarts``.
"""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import STDOUT, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from portal.system.logs import ConsoleFilter, RotatingLog
from portal.system.process import ProcessSpec
from portal.system.readiness import READY_FILE_VARIABLE, StartFailed
from portal.system.spawning import Warden, kill_group, spawn

__all__ = ["Child", "Restarts"]


@dataclass(frozen=True, slots=True)
class Restarts:
    """How patiently a process is started again.

    The first wait is short enough for nobody to notice one crash; it doubles up to the longest,
    which keeps a crash loop from eating a processor. A process that was well for
    ``healthy_after_s`` begins anew. A start may take ``start_timeout_s``: the first one of a new
    engine converts its weights, which takes a slow machine a minute or so.
    """

    first_wait_s: float = 0.2
    longest_wait_s: float = 10.0
    healthy_after_s: float = 60.0
    start_timeout_s: float = 180.0


class Child:
    """One supervised process and its successors."""

    def __init__(
        self,
        spec: ProcessSpec,
        *,
        directory: Path,
        ready_file: Path,
        log: RotatingLog,
        say: Callable[[str], None],
        restarts: Restarts,
        warden: Warden,
    ) -> None:
        self.spec = spec
        self._directory = directory
        self._ready_file = ready_file
        self._log = log
        self._say = say
        self._restarts = restarts
        self._warden = warden
        self._process: Process | None = None
        self._pump: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ready_at = 0.0

    async def begin(self) -> None:
        """Start the process and wait until it is ready, else end it and raise ``StartFailed``."""
        self._ready_file.unlink(missing_ok=True)
        try:
            self._process = await spawn(
                self.spec.argv,
                directory=self._directory,
                env={**self.spec.env, READY_FILE_VARIABLE: str(self._ready_file)},
                pass_fds=self.spec.pass_fds,
                stderr=STDOUT,
            )
        except OSError as error:
            raise StartFailed(
                f"The {self.spec.title} cannot be started ({error.strerror}: {self.spec.argv[0]})."
            ) from error
        self._warden.add(self._process.pid)
        self._pump = asyncio.create_task(self._copy_output(self._process))
        try:
            await self._until_ready(self._process)
        except StartFailed:
            await self._bury()
            raise
        self._ready_at = asyncio.get_running_loop().time()

    def keep(self) -> None:
        """Start it again whenever it ends, from now until ``stop``."""
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self, *, at_once: asyncio.Event) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self._process is not None:
            if self._process.returncode is None and not at_once.is_set():
                self._process.terminate()
                await _first_of(
                    self._process.wait(), at_once.wait(), timeout=self.spec.stop_grace_s
                )
            await self._bury()
        self._log.close()

    async def _until_ready(self, process: Process) -> None:
        ready = asyncio.ensure_future(self.spec.ready())
        ended = asyncio.create_task(process.wait())
        try:
            await asyncio.wait(
                {ready, ended},
                timeout=self._restarts.start_timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not ready.done() and ended.done() and self._ready_file.exists():
                # It said why and left at once: the reason is worth more than the exit code.
                await asyncio.wait({ready}, timeout=1)
            if ready.done():
                ready.result()
                return
        finally:
            ready.cancel()
            ended.cancel()
        raise StartFailed(await self._why_not_ready(process))

    async def _why_not_ready(self, process: Process) -> str:
        if process.returncode is None:
            return (
                f"The {self.spec.title} was not ready after "
                f"{self._restarts.start_timeout_s:g} seconds. Its log: {self._log.path}"
            )
        if self._pump is not None:
            await asyncio.wait({self._pump}, timeout=1)
        return (
            f"The {self.spec.title} stopped while it was starting ({_how_ended(process)}). "
            f"The end of its log, {self._log.path}:\n{self._log.tail(12)}"
        )

    async def _keep(self) -> None:
        wait_s = self._restarts.first_wait_s
        loop = asyncio.get_running_loop()
        while True:
            process = self._process
            if process is None:
                return
            await process.wait()
            await self._bury()
            if loop.time() - self._ready_at >= self._restarts.healthy_after_s:
                wait_s = self._restarts.first_wait_s
            self._say(
                f"The {self.spec.title} stopped ({_how_ended(process)}); "
                f"starting it again in {wait_s:g} s."
            )
            is_back = False
            while not is_back:
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, self._restarts.longest_wait_s)
                try:
                    await self.begin()
                    is_back = True
                except StartFailed as error:
                    self._say(f"{error}\nTrying again in {wait_s:g} s.")
            self._say(f"The {self.spec.title} is running again.")

    async def _bury(self) -> None:
        """End whatever is left of the process group and of its output."""
        process, self._process = self._process, None
        if process is None:
            return
        kill_group(process.pid)
        await process.wait()
        self._warden.remove(process.pid)
        if self._pump is not None:
            # The pipe closes with the last process of the group; one that left the group on
            # purpose may hold it open.
            await asyncio.wait({self._pump}, timeout=1)
            self._pump.cancel()

    async def _copy_output(self, process: Process) -> None:
        console = ConsoleFilter(self.spec.name, self._say)
        while process.stdout and (output := await process.stdout.read(65_536)):
            self._log.write(output)
            if not self.spec.is_quiet:
                console.feed(output)


async def _first_of(*waits: object, timeout: float) -> None:
    tasks = {asyncio.ensure_future(wait) for wait in waits}  # type: ignore[call-overload]
    await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def _how_ended(process: Process) -> str:
    code = process.returncode
    if code is None:
        return "still running"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
