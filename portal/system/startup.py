"""What ``manage.py up`` does, in order: check, broker, prepare, services, wait, stop.

Raises ``OperatorError`` before anything is started and ``StartFailed`` for a part that does not
come up. Public surface: ``Startup``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from portal.config.env import PROJECT_DIR, Environment
from portal.core.errors import OperatorError
from portal.system import preflight
from portal.system.broker import broker_command, find_broker
from portal.system.process import ProcessSpec, Service, service_command
from portal.system.readiness import (
    StartFailed,
    answers_http,
    answers_ping,
    reports_in_file,
)
from portal.system.supervisor import Supervisor

__all__ = ["Startup"]


class Startup:
    """One run of the whole system on this machine. ``say`` writes one line to the operator."""

    def __init__(self, env: Environment, *, say: Callable[[str], None]) -> None:
        self._env = env
        self._say = say
        self._lock: IO[str] | None = None
        self._listener: socket.socket | None = None
        self._broker: Path | None = None
        self._supervisor = Supervisor(
            directory=PROJECT_DIR,
            run_dir=env.data_dir / "run",
            logs_dir=env.data_dir / "logs",
            say=say,
        )

    def check(self) -> None:
        """Everything that can be known without starting anything. Raises ``OperatorError``."""
        # Pictures, keys and the database are for this user's eyes, whatever the shell's default.
        os.umask(0o077)
        try:
            self._check()
        except OperatorError:
            self._tidy()
            raise

    def _check(self) -> None:
        env = self._env
        preflight.check_time_zone(env.time_zone)
        preflight.make_data_directory(env.data_dir)
        self._lock = preflight.hold_lock(env.data_dir / "run" / "up.lock")
        if env.uses_private_broker:
            self._broker = find_broker()
            preflight.make_runtime_directory(env.runtime_dir, longest_name=env.broker_socket.name)
        else:
            preflight.check_broker_url(env.redis_url)
        self._listener = preflight.listen(env.host, env.port)

    async def run(self) -> None:
        """Start, stay until SIGTERM, SIGINT or SIGHUP, stop.

        Raises ``StartFailed``, or ``OperatorError`` for a database that cannot be opened.
        """
        asked_to_stop, at_once = asyncio.Event(), asyncio.Event()
        _on_signals(asked_to_stop, at_once)
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(asked_to_stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stopping
            self._say("Stopping Gatehouse.")
        finally:
            starting.cancel()
            stopping.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self._supervisor.stop(at_once=at_once)
            self._tidy()

    async def _start(self) -> None:
        env = self._env
        self._say(f"Starting Gatehouse; its data is in {env.data_dir}")
        if self._broker is not None:
            await self._supervisor.start(self._broker_spec(self._broker))
        notes = await self._prepare()
        try:
            async with asyncio.TaskGroup() as together:
                for spec in self._service_specs():
                    together.create_task(self._supervisor.start(spec))
        except ExceptionGroup as failures:
            # The first one is the cause; the others were called off because of it.
            raise failures.exceptions[0] from None
        self._say(f"Gatehouse is ready at {env.public_url}/")
        self._say(f"Logs are in {env.data_dir / 'logs'}")
        for note in notes:
            self._say(note)

    async def _prepare(self) -> list[str]:
        """Migrate, collect static files, make the first administrator; what to tell about it."""
        done = await self._supervisor.run((sys.executable, "manage.py", "prepare"))
        if done.returncode == 2:
            raise OperatorError(done.stderr.strip())
        if done.returncode != 0:
            raise StartFailed(f"The database could not be prepared:\n{done.stderr.strip()}")
        return [line for line in done.stdout.splitlines() if line]

    def _broker_spec(self, binary: Path) -> ProcessSpec:
        env = self._env
        return ProcessSpec(
            name="broker",
            title="broker",
            argv=broker_command(
                binary, directory=env.data_dir / "broker", socket_path=env.broker_socket
            ),
            ready=answers_ping(env.broker_socket),
            stop_grace_s=5,
            is_quiet=True,
        )

    def _service_specs(self) -> list[ProcessSpec]:
        workers: tuple[tuple[Service, str], ...] = (
            ("recognition", "recognition worker"),
            ("light", "light worker"),
            # Last, so that it is stopped first: what it sees is still written down.
            ("streams", "streams process"),
        )
        env, listener = self._env, self._listener
        if listener is None:
            raise StartFailed("check() comes before run().")
        web = ProcessSpec(
            name="web",
            title="web process",
            argv=(
                *service_command("web", data_dir=env.data_dir),
                *("--fd", str(listener.fileno())),
            ),
            pass_fds=(listener.fileno(),),
            ready=answers_http(listener, path="/readyz", over_tls=env.secure_cookies),
            stop_grace_s=5,
        )
        return [
            web,
            *(
                ProcessSpec(
                    name=name,
                    title=title,
                    argv=service_command(name, data_dir=env.data_dir),
                    ready=reports_in_file(self._supervisor.ready_file(name)),
                )
                for name, title in workers
            ),
        ]

    def _tidy(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if self._lock is not None:
            self._lock.close()


def _on_signals(asked_to_stop: asyncio.Event, at_once: asyncio.Event) -> None:
    def handle() -> None:
        if asked_to_stop.is_set():
            at_once.set()
        asked_to_stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # nohup has SIGHUP ignored, and means it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, handle)
