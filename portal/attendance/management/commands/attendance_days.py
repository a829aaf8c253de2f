"""``manage.py attendance_days --input FILE.json``: what days do these punches make?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.attendance.engine import attendance_days
from portal.attendance.rulefile import RuleFileError, days_as_json, read_rule_file

WRONG_INPUT = 2


class Command(BaseCommand):
    help = (
        "Compute the attendance days of one person from a JSON file, to check a rule. "
        "Nothing is read from the database or written to it; docs/attendance.md has the format."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--input", required=True, metavar="FILE", help="the file; “-” is standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            file = read_rule_file(_text_of(options["input"]))
        except RuleFileError as error:
            raise CommandError(str(error), returncode=WRONG_INPUT) from error
        for each in file.ignored:
            self.stderr.write(f"Not read: {each}")
        days = attendance_days(file.inputs, first=file.first, last=file.last)
        self.stdout.write(json.dumps(days_as_json(days), indent=2, ensure_ascii=False))


def _text_of(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror or error}. Expected a JSON file."
        raise CommandError(message, returncode=WRONG_INPUT) from error
    except UnicodeDecodeError as error:
        message = f"{name} is not text in UTF-8 (byte {error.start}). Save it as UTF-8 JSON."
        raise CommandError(message, returncode=WRONG_INPUT) from error
