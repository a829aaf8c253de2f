"""The engine on the command line: ``python -m recognition COMMAND``, one module per command.

Exit code 0 means all is well, 1 that something is wrong and was named, 2 wrong usage, 130 that it
was interrupted. Public surface: ``main``.
"""

from __future__ import annotations

import argparse
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

from recognition.cli._command import Command
from recognition.cli._output import complain, print_json
from recognition.errors import RecognitionError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the process's exit code."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command.run(options)
    except RecognitionError as error:
        if getattr(options, "json", False):
            print_json({"ok": False, "code": error.code, "message": error.message})
        else:
            complain(f"{error.code}: {error.message}")
        return 1
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recognition",
        description="Gatehouse's recognition engine. Every command explains itself: COMMAND --help.",
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _commands():
        subparser = subparsers.add_parser(
            command.name,
            help=command.summary,
            description=command.description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(command=command)
    return parser


def _commands() -> Iterator[Command]:
    """``COMMAND`` of every public module of this package, by name."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        if not module.name.startswith("_"):
            yield import_module(f"{__name__}.{module.name}").COMMAND
