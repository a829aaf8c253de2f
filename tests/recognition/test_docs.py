"""What docs/recognition.md shows must run as it stands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from recognition.cli import _parser
from tests.faces import render_face
from tests.faces.files import jpeg_bytes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recognition.md").read_text("utf-8")
COMMANDS = re.findall(r"`(python -m (?:recognition|pytest|bench\.)[^`]*)`", PAGE)


def test_the_ten_lines_name_an_enrolled_person(tmp_path, cache_dir):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "people").mkdir()
    for identity, name in ((1, "ada"), (2, "bob"), (3, "cleo")):
        picture = render_face(identity, size_px=(250, 250), seed=1)
        (tmp_path / "people" / f"{name}.jpg").write_bytes(jpeg_bytes(picture))
    door = render_face(2, size_px=(320, 320), seed=9)
    (tmp_path / "door.jpg").write_bytes(jpeg_bytes(door))
    ran = subprocess.run(
        [sys.executable, "-c", block],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache_dir)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "kind='match'" in ran.stdout
    assert "person_id='bob'" in ran.stdout
    lines = [line for line in block.splitlines() if line and "import" not in line]
    assert len(lines) == 10


@pytest.mark.parametrize("command", [c for c in COMMANDS if " recognition" in c])
def test_every_command_of_the_table_is_one(command):
    """Parsed by the real parser: unknown commands and options are refused there."""
    arguments = shlex.split(command)[3:]
    if arguments == ["COMMAND", "--help"]:
        arguments = ["models"]
    _parser().parse_args(arguments)


def test_benchmarks_and_tests_that_the_table_names_exist():
    named = [c for c in COMMANDS if " recognition" not in c]
    assert named
    for command in named:
        if target := re.search(r"bench\.(\w+)", command):
            assert (ROOT / "bench" / f"{target[1]}.py").is_file(), command
        for path in re.findall(r"tests/[\w/.]+", command):
            assert (ROOT / path).exists(), command
