"""``self-test``: prove that the engine answers as it should."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._output import print_json

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Prove that the engine answers as it should: the weights byte for byte, the arithmetic against
stored vectors, the channel order, the device that is really in use, and the index.

  python -m recognition self-test
  python -m recognition self-test --device cuda --json

Exit code 1 means that the engine must not be used; the failed check says why.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    engine = open_engine(options)
    report = engine.self_test()
    if options.json:
        print_json({**asdict(report), "engine": asdict(engine.info)})
    else:
        info = engine.info
        for check in report.checks:
            print(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}")
        print(
            f"{'The engine is ready' if report.ok else 'The engine must not be used'}: "
            f"{info.runtime} on {info.device} ({info.device_name}), {info.precision}, detector "
            f"{info.detector}, embedding space {info.space_id}."
        )
    return 0 if report.ok else 1


COMMAND = Command(
    "self-test",
    "prove that the engine answers as it should",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
