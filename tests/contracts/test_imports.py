"""The dependency rules hold, and each of them notices when it is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

DIRECTION = "workers -> portal -> recognition, never the other way"
PLAIN = "recognition is a plain library: no web, no queue, no ORM"
LIGHT = "the web process never loads the heavy stack"
DOORS = "portal sees recognition only through its contracts"
APPS = "portal apps are layered"
STAGES = "recognition is layered"
INSIDE = "inside an app: views -> services -> selectors -> models"
TASKS = "tasks are thin: no task module imports another"
ATTENDANCE = "the attendance engine knows no Django and no other app"


def broken_contracts(directory: Path) -> set[str]:
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())",
            "--no-cache",
        ],
        cwd=directory,
        # Nothing of this shell's: FORCE_COLOR alone would break up the lines that are read below.
        env={"PATH": os.defpath, "PYTHONPATH": str(directory), "COLUMNS": "200"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)\b", ended.stdout, flags=re.MULTILINE)
    assert len(verdicts) == 9, f"exit code {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return {name for name, verdict in verdicts if verdict == "BROKEN"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the three packages' modules, to break."""
    directory = tmp_path_factory.mktemp("tree")
    for name in ("portal", "recognition", "workers"):
        for module in (PROJECT / name).rglob("*.py"):
            copy = directory / module.relative_to(PROJECT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(module, copy)
    shutil.copy(PROJECT / ".importlinter", directory)
    return directory


def test_all_rules_hold() -> None:
    assert broken_contracts(PROJECT) == set()


@pytest.mark.parametrize(
    ("file", "line", "rule", "why"),
    [
        (
            "portal/people/selectors.py",
            "def lazily():\n    import torch",
            LIGHT,
            "a lazy import loads the heavy stack into the web process just as well",
        ),
        (
            "portal/sightings/views/uploads.py",
            "from recognition.pipeline import load_engine",
            DOORS,
            "a view must not recognise by itself",
        ),
        (
            "portal/jobs/services.py",
            "from workers.schedule import SCHEDULE",
            DIRECTION,
            "the portal knows task names, never task code",
        ),
        ("recognition/errors.py", "import django", PLAIN, "the engine knows no web"),
        (
            "recognition/alignment/align.py",
            "import recognition.detection",
            STAGES,
            "a stage must not lean on its neighbour",
        ),
        (
            "portal/people/models/person.py",
            "from portal.people import services",
            INSIDE,
            "a model must not call what writes it",
        ),
        ("portal/core/ids.py", "from portal.jobs import registry", APPS, "core knows no app"),
        (
            "portal/newcomer/__init__.py",
            "",
            APPS,
            "a new app must be given its place among the others",
        ),
        (
            "workers/tasks/enrolment.py",
            "from workers.tasks import maintenance",
            TASKS,
            "a task does not call a task",
        ),
        (
            "portal/attendance/engine/clock.py",
            "from django.utils import timezone",
            ATTENDANCE,
            "what a day is must not depend on the server's settings",
        ),
    ],
)
def test_each_rule_notices_when_it_is_broken(
    tree: Path, file: str, line: str, rule: str, why: str
) -> None:
    path = tree / file
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before or ''}\n\n{line}\n")
    try:
        found = broken_contracts(tree)
    finally:
        if before is None:
            shutil.rmtree(path.parent)
        else:
            path.write_text(before)
    assert rule in found, why
