"""``manage.py up`` with the real broker, web process and workers: it comes up, heals and goes."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.gatehouse import Gatehouse

pytestmark = pytest.mark.integration

HAS_GPU = any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"))


def test_it_comes_up_complete_with_its_first_administrator(gatehouse: Gatehouse) -> None:
    said = [line for line in gatehouse.lines if "data is in" not in line]
    assert said[0] == f"Gatehouse is ready at {gatehouse.base_url}/"
    assert said[2] == f"Created the first administrator, {gatehouse.email}"
    assert gatehouse.get("/readyz") == 200
    with closing(sqlite3.connect(gatehouse.data_dir / "gatehouse.sqlite3")) as database:
        assert database.execute("SELECT email FROM accounts_user").fetchall() == [
            (gatehouse.email,)
        ]


def test_pictures_keys_and_database_are_for_their_owner_alone(gatehouse: Gatehouse) -> None:
    for path in (gatehouse.data_dir, *gatehouse.data_dir.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_nobody_can_run_a_second_one_on_the_same_data(gatehouse: Gatehouse) -> None:
    second = Gatehouse(data_dir=gatehouse.data_dir, port=gatehouse.port)
    second.launch()
    assert second.wait_for_end() == 2
    assert len(second.lines) == 1
    assert second.lines[0].startswith(
        f"Gatehouse is already running on this data directory ({gatehouse.data_dir}, process "
        f"{gatehouse.pid}). Stop it first"
    )


def test_a_port_in_use_is_named(
    gatehouse: Gatehouse, make_gatehouse: Callable[..., Gatehouse]
) -> None:
    second = make_gatehouse()
    second.port = gatehouse.port
    second.launch()
    assert second.wait_for_end() == 2
    assert len(second.lines) == 1
    assert f"Port {gatehouse.port} on 127.0.0.1 is in use" in second.lines[0]
    assert second.processes() == {}


def test_browsers_wait_while_a_killed_web_process_is_replaced(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse().start()
    os.kill(system.pid_of("portal.system.web"), signal.SIGKILL)
    # No retry here: the connection is accepted by the listener that outlives the web process.
    assert system.get("/healthz", timeout_s=60) == 200
    for title, part in (("broker", "broker.sock"), ("recognition worker", "--queues recognition")):
        os.kill(system.pid_of(part), signal.SIGKILL)
        system.wait_for(f"The {title} is running again.")
    assert system.get("/readyz") == 200
    assert system.stop() == 0
    assert system.processes() == {}
    assert not any("Traceback" in line for line in system.lines), "\n".join(system.lines)


def test_nothing_is_left_when_up_itself_is_killed_and_it_starts_again_on_the_same_data(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse(
        from_nothing=True, GATEHOUSE_ADMIN_EMAIL="", GATEHOUSE_ADMIN_PASSWORD=""
    ).start()
    system.wait_for("Create the first administrator here (works once): http")
    assert len(system.processes()) >= 6
    os.kill(system.pid, signal.SIGKILL)
    assert system.wait_for_end() == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while system.processes():
        assert time.monotonic() < deadline, system.processes()
        time.sleep(0.05)
    system.start()
    assert system.get("/healthz") == 200


@pytest.mark.skipif(HAS_GPU, reason="this machine has a GPU")
def test_a_gpu_that_is_asked_for_and_not_there_is_an_error_and_stops_everything(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse(GATEHOUSE_DEVICE="cuda")
    system.launch()
    assert system.wait_for_end(within_s=120) == 1
    assert any("device=cuda was asked for" in line for line in system.lines), system.lines
    assert not any("Gatehouse is ready" in line for line in system.lines)
    assert not any("Traceback" in line for line in system.lines), "\n".join(system.lines)
    assert system.processes() == {}


@pytest.mark.parametrize(
    ("settings", "part", "why"),
    [
        ({"GATEHOUSE_ADMIN_PASSWORD": "short"}, "GATEHOUSE_ADMIN_PASSWORD", "too weak"),
        ({"DATABASE_URL": "postgres://u:p@127.0.0.1:1/g"}, "DATABASE_URL", "nobody there"),
    ],
)
def test_what_the_database_step_refuses_is_explained(
    make_gatehouse: Callable[..., Gatehouse], settings: dict[str, str], part: str, why: str
) -> None:
    system = make_gatehouse(**settings)
    system.launch()
    assert system.wait_for_end() == 2, why
    assert part in system.lines[-1]
    assert not any("Traceback" in line for line in system.lines)
    assert system.processes() == {}
