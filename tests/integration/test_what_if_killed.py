"""A replay of the past comes to its end, each change once, though its worker is killed at work."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from bench.support import Browser, rows_of
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment

pytestmark = pytest.mark.integration

# With so many rows the worker dies with most of them still to do.
ROWS = 30_000
SEED = (
    "import django; django.setup(); from bench.what_if import make_ledger; "
    f"make_ledger({ROWS}, people=40)"
)


def test_a_replay_survives_the_death_of_its_worker(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse().start()
    environment = system_environment(
        {
            "GATEHOUSE_DATA_DIR": str(system.data_dir),
            "DJANGO_SETTINGS_MODULE": "portal.config.settings",
            **system.environment,
        }
    )
    subprocess.run([sys.executable, "-c", SEED], cwd=PROJECT, env=environment, check=True)
    browser = Browser(system)
    rule = {"threshold": "0.6", "grey_band": "0.05", "min_margin": "0.05", "span": "90"}
    landed, _ = browser.submit("/calibration/what-if/", rule)
    assert re.search(r"/calibration/what-if/[0-9a-f-]{36}/$", landed), landed

    system.until(lambda: progress(system)[1] > 0, within_s=60, what="the first rows")
    killed = system.pid_of("light@")
    os.kill(killed, signal.SIGKILL)
    assert progress(system)[0] == "running", "it was killed at work"
    assert changes(system) == 0, "nothing is written before the end"

    system.until(lambda: progress(system)[0] == "done", within_s=240, what="the end")
    [(state, replayed, counted)] = rows_of(
        system,
        "SELECT state, replayed, json_extract(summary, '$.changes.disappears') "
        "FROM calibration_whatif",
    )
    assert (state, replayed) == ("done", ROWS)
    assert (
        changes(system)
        == rows_of(system, "SELECT json_extract(summary, '$.listed') FROM calibration_whatif")[0][0]
    )
    assert counted > 0  # type: ignore[operator]
    assert rows_of(
        system,
        "SELECT count(*) FROM calibration_whatifchange GROUP BY coalesce(visit_id, face_id) "
        "HAVING count(*) > 1",
    ) == []  # fmt: skip
    assert system.pid_of("light@") != killed
    assert system.stop() == 0


def progress(system: Gatehouse) -> tuple[str, int]:
    [(state, done)] = rows_of(
        system, "SELECT state, done FROM jobs_job WHERE kind = 'calibration.replay'"
    )
    return str(state), int(str(done))


def changes(system: Gatehouse) -> object:
    return rows_of(system, "SELECT count(*) FROM calibration_whatifchange")[0][0]
