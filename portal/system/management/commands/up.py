"""``manage.py up``: the whole of Gatehouse on this machine, in the foreground."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.config.env import ENV
from portal.system.readiness import StartFailed
from portal.system.startup import Startup

_HELP = """\
Starts broker, web, recognition worker and light worker, restarts what dies, and stops them all on
SIGTERM, Ctrl-C or when the terminal closes (a second signal does not wait for running work).
Settings come from GATEHOUSE_* variables; .env.example lists them.
Exit codes: 0 stopped on request; 1 a part did not start; 2 a setting, port, folder or the broker
must be put right first."""


class Command(BaseCommand):
    help = _HELP
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-input",
            action="store_true",
            help="for scripts, as with other commands; `up` never asks anything",
        )

    def run_from_argv(self, argv: list[str]) -> None:
        # Django's own would load the settings at the end, to close connections that this
        # process never has, and so trip over the very setting that was just complained about.
        options = self.create_parser(argv[0], argv[1]).parse_args(argv[2:])
        self.execute(**vars(options))

    def handle(self, **_options: Any) -> None:
        startup = Startup(ENV, say=self._say)
        startup.check()
        try:
            asyncio.run(startup.run())
        except StartFailed as error:
            self.stderr.write(str(error))
            sys.exit(1)

    def _say(self, line: str) -> None:
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except OSError:
            # The terminal or pipe is gone; the logs are still written.
            return
