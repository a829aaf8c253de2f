"""Nothing is lost and nothing is done twice when parts of the system are killed at work."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from bench.fault_run import PARTS, run_with_faults
from bench.sender import send_all
from bench.support import Browser, rows_of
from recognition.images import encode_jpeg
from tests.faces import render_face
from tests.integration.gatehouse import Gatehouse

pytestmark = pytest.mark.integration

# Enough that each part dies with work in hand (batches are 16), few enough for a slow machine.
SNAPSHOTS = 120


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    return [
        encode_jpeg(render_face(identity, size_px=(320, 240), seed=identity))
        for identity in range(6)
    ]


def test_every_snapshot_has_one_result_though_worker_broker_and_web_process_are_killed(
    make_gatehouse: Callable[..., Gatehouse], pictures: list[bytes]
) -> None:
    system = make_gatehouse().start()
    target = Browser(system).make_camera("Entrance")
    outcome = run_with_faults(
        system, target, [pictures[n % len(pictures)] for n in range(SNAPSHOTS)]
    )
    assert outcome.killed == tuple(title for title, _ in PARTS), "each part was killed"
    assert (outcome.sent, outcome.done, outcome.failed) == (SNAPSHOTS, SNAPSHOTS, 0), outcome
    assert (outcome.lost, outcome.doubled) == (0, 0), outcome
    assert outcome.back == outcome.killed, "each part runs again"
    assert system.get("/readyz") == 200
    assert rows_of(system, "SELECT DISTINCT face_count FROM sightings_recognition") == [(1,)], (
        "every picture shows one face, and that face was kept"
    )
    assert system.stop() == 0
    assert system.processes() == {}


def test_snapshots_that_were_accepted_survive_the_death_of_everything(
    make_gatehouse: Callable[..., Gatehouse], pictures: list[bytes]
) -> None:
    system = make_gatehouse().start()
    target = Browser(system).make_camera("Entrance")
    sent = send_all(
        target,
        [pictures[n % len(pictures)] for n in range(40)],
        keys=[f"k{n}" for n in range(40)],
        senders=4,
    )
    assert system.process is not None
    system.process.send_signal(signal.SIGKILL)
    assert system.wait_for_end() == -signal.SIGKILL
    system.start()
    system.until(
        lambda: (
            rows_of(system, "SELECT state, count(*) FROM sightings_recognition GROUP BY state")
            == [("done", 40)]
        ),
        within_s=120,
        what="40 results",
    )
    again = send_all(target, [pictures[0]], keys=["k0"], senders=1)
    assert (again[0].id, again[0].is_new) == (sent[0].id, False), "a key is good for ever"
