"""The supervisor, over tiny real processes: start, restart, back off, stop, leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from portal.system.child import Restarts
from portal.system.readiness import StartFailed
from tests.system.toys import PROJECT, READY_THEN_WAIT, Nursery, eventually, is_alive, soon, toy

NOTE_THE_END = """
    def leave(*_):
        with (Path(os.environ["TOY_DIR"]) / "events").open("a") as events:
            events.write(f"stop {name} {os.getpid()}\\n")
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
"""


async def test_a_killed_process_is_started_again_and_both_are_told(tmp_path: Path) -> None:
    toys = Nursery(tmp_path)
    await toys.supervisor.start(toys.spec("web"))
    os.kill(toys.pids("web")[0], signal.SIGKILL)
    await eventually(lambda: "The web is running again." in toys.said)
    assert toys.said[0] == "The web stopped (killed by SIGKILL); starting it again in 0.02 s."
    assert len(toys.pids("web")) == 2
    await toys.stop()
    assert not is_alive(toys.pids("web")[1])


async def test_waits_double_up_to_the_longest_while_it_keeps_dying(tmp_path: Path) -> None:
    toys = Nursery(tmp_path)
    await toys.supervisor.start(toys.spec("web", "report_ready()\ntime.sleep(0.1)\nsys.exit(3)\n"))
    await eventually(lambda: sum("starting it again" in line for line in toys.said) >= 5)
    await toys.stop()
    waits = [line.split()[-2] for line in toys.said if "starting it again" in line]
    assert waits[:5] == ["0.02", "0.04", "0.08", "0.08", "0.08"]
    assert "(exit code 3)" in toys.said[0]


async def test_a_process_that_was_well_long_enough_is_started_again_quickly(
    tmp_path: Path,
) -> None:
    restarts = Restarts(first_wait_s=0.01, longest_wait_s=5, healthy_after_s=0, start_timeout_s=15)
    toys = Nursery(tmp_path, restarts)
    await toys.supervisor.start(toys.spec("web", "report_ready()\ntime.sleep(0.05)\n"))
    await eventually(lambda: sum("starting it again" in line for line in toys.said) >= 3)
    await toys.stop()
    waits = {line.split()[-2] for line in toys.said if "starting it again" in line}
    assert waits == {"0.01"}


async def test_stops_in_reverse_order_and_each_ends_before_the_next_is_asked(
    tmp_path: Path,
) -> None:
    toys = Nursery(tmp_path)
    for name in ("broker", "web", "worker"):
        await toys.supervisor.start(toys.spec(name, NOTE_THE_END + READY_THEN_WAIT))
    await toys.stop()
    assert [e[1] for e in toys.events() if e[0] == "stop"] == ["worker", "web", "broker"]


async def test_what_ignores_sigterm_is_killed_after_its_grace_with_its_children(
    tmp_path: Path,
) -> None:
    toys = Nursery(tmp_path)
    stubborn = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with (Path(os.environ["TOY_DIR"]) / "events").open("a") as events:
            events.write(f"start grandchild {child.pid}\\n")
    """
    await toys.supervisor.start(toys.spec("web", stubborn + READY_THEN_WAIT, stop_grace_s=0.2))
    await toys.stop()
    soon(lambda: not is_alive(toys.pids("grandchild")[0]))
    assert not is_alive(toys.pids("web")[0])


async def test_a_second_request_to_stop_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    toys = Nursery(tmp_path)
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    await toys.supervisor.start(
        toys.spec("web", stubborn + textwrap.dedent(READY_THEN_WAIT), stop_grace_s=600)
    )
    await asyncio.wait_for(toys.stop(at_once=True), timeout=10)
    assert not is_alive(toys.pids("web")[0])


async def test_a_reported_failure_is_the_message_even_if_the_process_leaves_at_once(
    tmp_path: Path,
) -> None:
    toys = Nursery(tmp_path)
    with pytest.raises(StartFailed, match=r"^The weights of SFace are altered\.$"):
        await toys.supervisor.start(
            toys.spec(
                "worker", "report_failure('The weights of SFace are altered.')\nos._exit(1)\n"
            )
        )
    await toys.stop()


async def test_death_while_starting_shows_the_end_of_the_log(tmp_path: Path) -> None:
    toys = Nursery(tmp_path)
    with pytest.raises(StartFailed) as failure:
        await toys.supervisor.start(toys.spec("worker", "sys.exit('the disk is full')\n"))
    assert "stopped while it was starting (exit code 1)" in str(failure.value)
    assert str(failure.value).endswith("the disk is full")
    await toys.stop()


async def test_a_start_that_takes_too_long_is_given_up_and_ended(tmp_path: Path) -> None:
    toys = Nursery(tmp_path, Restarts(start_timeout_s=2.5))
    with pytest.raises(StartFailed, match="was not ready after"):
        await toys.supervisor.start(toys.spec("worker", "time.sleep(600)\n"))
    assert not is_alive(toys.pids("worker")[0])
    await toys.stop()


async def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    toys = Nursery(tmp_path)
    with pytest.raises(StartFailed, match="No such file or directory: /nowhere/valkey-server"):
        await toys.supervisor.start(toys.spec("broker", argv=("/nowhere/valkey-server",)))
    await toys.stop()


async def test_the_ready_file_of_an_earlier_run_is_not_believed(tmp_path: Path) -> None:
    toys = Nursery(tmp_path, Restarts(start_timeout_s=2.5))
    toys.supervisor.ready_file("web").write_text('{"state": "ready"}')
    with pytest.raises(StartFailed, match="not ready"):
        await toys.supervisor.start(toys.spec("web", "time.sleep(600)\n"))
    await toys.stop()


async def test_warnings_reach_the_operator_and_everything_reaches_the_log(tmp_path: Path) -> None:
    toys = Nursery(tmp_path)
    talk = "print('2026 [info     ] calm')\nprint('2026 [warning  ] disk nearly full')\n"
    await toys.supervisor.start(toys.spec("web", talk + textwrap.dedent(READY_THEN_WAIT)))
    await eventually(lambda: toys.said)
    await toys.stop()
    assert toys.said == ["web | 2026 [warning  ] disk nearly full"]
    assert "calm" in (tmp_path / "logs" / "web.log").read_text()


async def test_the_warden_is_replaced_when_it_is_killed(tmp_path: Path) -> None:
    toys = Nursery(tmp_path)
    await toys.supervisor.start(toys.spec("web"))
    warden = toys.supervisor._warden
    first = warden._process.pid
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: warden._process.pid != first)
    await toys.stop()


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "tests.system.doomed", str(tmp_path)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "ready\n"
    toys = Nursery(tmp_path)
    pids = [*toys.pids("web"), *toys.pids("grandchild")]
    assert len(pids) == 2
    assert all(map(is_alive, pids))
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    soon(lambda: not any(map(is_alive, pids)))


def test_a_pool_process_dies_with_its_killed_master(tmp_path: Path) -> None:
    master = subprocess.Popen(
        toy(
            """
            if os.fork() == 0:
                from portal.system.process import die_with_parent
                die_with_parent()
                with (Path(os.environ["TOY_DIR"]) / "events").open("a") as events:
                    events.write(f"start pool {os.getpid()}\\n")
            time.sleep(600)
            """
        ),
        env={**os.environ, "TOY_NAME": "master", "TOY_DIR": str(tmp_path)},
        cwd=PROJECT,
    )
    toys = Nursery(tmp_path)
    soon(lambda: toys.pids("pool"))
    master.kill()
    master.wait()
    soon(lambda: not is_alive(toys.pids("pool")[0]))
