"""Case 89: two workers recompute the same days at once, on either database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gatehouse import PROJECT, system_environment
from tests.postgres import PG_CTL, postgres_server

pytestmark = pytest.mark.integration


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of an empty database, in a file or on a server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'at-once.sqlite3'}"
        return
    if PG_CTL is None:
        pytest.skip("no PostgreSQL: install the package postgresql")
    with postgres_server(is_durable=False) as url:
        yield url


def test_days_that_two_workers_compute_at_once_are_those_that_one_computes(
    database_url: str, tmp_path: Path
) -> None:
    """Nobody waits for each other for ever, no day is there twice, nothing that was entered
    meanwhile is lost, and each change of a day is told once."""
    environment = {"GATEHOUSE_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": database_url}
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.attendance_at_once"],
        cwd=PROJECT,
        env=system_environment(environment),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=240,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["failures"], "\n".join(found["failures"])
    assert found["days"] > 20, "there was something to compute"
    assert found["revisions"] > 20, "and something changed meanwhile"
    assert found["other_than_batch"] == []
    assert found["broken"] == [], "each change begins where the one before it ended"
    assert (found["doubled"], found["stale"]) == (0, 0)
