"""The tables of a new system, made once for all tests: making them takes a slow core twenty seconds.

Public surface: ``copy_tables``. Tests of the first start begin with an empty folder instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import django

__all__ = ["copy_tables"]

_PROJECT = Path(__file__).resolve().parents[2]
_NAME = "gatehouse.sqlite3"


def copy_tables(data_dir: Path, *, environment: Mapping[str, str]) -> None:
    """Put a database with every table and no row of anybody into ``data_dir``."""
    made = Path(tempfile.gettempdir()) / f"gatehouse-tables-{_state_of_migrations()}"
    made.mkdir(exist_ok=True)
    with (made / "lock").open("w") as lock:
        # Of the test processes one makes them; the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / _NAME).exists():
            _make(made, environment)
    shutil.copy(made / _NAME, data_dir / _NAME)


def _make(folder: Path, environment: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=_PROJECT,
            env={**environment, "GATEHOUSE_DATA_DIR": scratch},
            check=True,
        )
        part = folder / f"{_NAME}.part"
        shutil.copy(Path(scratch) / _NAME, part)
        # As "up" makes it: for its owner alone.
        part.chmod(0o600)
        part.replace(folder / _NAME)


def _state_of_migrations() -> str:
    digest = hashlib.sha256(django.__version__.encode())
    for file in sorted(_PROJECT.glob("portal/*/migrations/*.py")):
        digest.update(str(file).encode() + file.read_bytes())
    return digest.hexdigest()[:16]
