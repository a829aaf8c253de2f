"""Days are computed to the last, each once, though the worker is killed at work."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.support import rows_of
from tests.integration.attendance_backlog import PEOPLE
from tests.integration.gatehouse import Gatehouse

pytestmark = pytest.mark.integration


def test_a_recompute_survives_the_death_of_its_worker(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse().start()
    backlog(system, "seed")
    # All of its processes: one that outlived the others would end its batch.
    killed = [pid for pid, command in system.processes().items() if "light@" in command]
    with ThreadPoolExecutor() as beside:
        # The worker is at it before the command that asked for it has ended.
        marking = beside.submit(backlog, system, "mark")
        system.until(
            lambda: days_of(system) > 0 and stale_of(system)[1] > 0,
            within_s=60,
            what="the first days, and somebody at the next",
        )
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        left, claimed = stale_of(system)
        marking.result()
    assert left > 0, "it was killed at work"
    assert claimed > 0, "and had begun with what it did not end"

    system.until(lambda: stale_of(system) == (0, 0), within_s=120, what="the end")
    found = json.loads(backlog(system, "compare"))
    assert found["days"] == PEOPLE * 31
    assert found["other_than_batch"] == []
    assert (found["doubled"], found["revisions"]) == (0, 0), "each day was written once"
    assert system.pid_of("light@") not in killed
    assert system.stop() == 0


def backlog(system: Gatehouse, what: str) -> str:
    return system.run_module("tests.integration.attendance_backlog", what)


def days_of(system: Gatehouse) -> int:
    return int(str(rows_of(system, "SELECT count(*) FROM attendance_attendanceday")[0][0]))


def stale_of(system: Gatehouse) -> tuple[int, int]:
    """People whose days are still to be computed, and how many of them somebody is at."""
    counts = "SELECT count(*), count(CASE WHEN claim <> '' THEN 1 END) FROM attendance_staledays"
    left, claimed = rows_of(system, counts)[0]
    return int(str(left)), int(str(claimed))
