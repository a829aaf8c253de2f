"""``models``: the weight files, and proof that they are the right ones."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from recognition.cli._command import Command
from recognition.cli._output import print_json
from recognition.errors import WeightsError
from recognition.weights import manifest, verified_path

__all__ = ["COMMAND"]


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    rows = []
    for item in manifest().values():
        problem = None
        try:
            verified_path(item.id)
        except WeightsError as error:
            problem = error.message
        rows.append({**asdict(item), "ok": problem is None, "problem": problem})
    if options.json:
        print_json({"models": rows})
    else:
        for row in rows:
            print(
                f"{'ok  ' if row['ok'] else 'FAIL'} {row['id']:14} {row['licence']:11} "
                f"sha256 {row['sha256']}  {row['origin']}"
            )
            if row["problem"]:
                print(f"     {row['problem']}")
    return 0 if all(row["ok"] for row in rows) else 1


COMMAND = Command(
    "models",
    "list the weight files and verify each",
    "List the weight files and compare each, byte for byte, with the manifest.",
    _add_arguments,
    _run,
)
