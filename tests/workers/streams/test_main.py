"""``python -m workers.streams``: one a data directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from portal.core.errors import OperatorError
from portal.system.preflight import hold_lock
from portal.system.readiness import READY_FILE_VARIABLE
from tests.integration.gatehouse import PROJECT, system_environment
from workers.streams import __main__ as program


def test_a_second_process_is_refused_with_the_lock_s_name_and_what_to_do(tmp_path: Path) -> None:
    lock, told = tmp_path / "run" / "streams.lock", tmp_path / "streams.ready"
    lock.parent.mkdir()
    environment = system_environment(
        {"GATEHOUSE_DATA_DIR": str(tmp_path), READY_FILE_VARIABLE: str(told)}
    )
    with hold_lock(lock):
        second = subprocess.run(
            [sys.executable, "-m", "workers.streams"],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    assert second.returncode == 1
    assert f"process {os.getpid()} holds the lock {lock}" in second.stderr
    assert "Stop that process first" in second.stderr
    assert "Traceback" not in second.stderr
    assert "holds the lock" in told.read_text(), "whoever started it says why"


def test_the_lock_is_held_while_the_streams_run_and_no_longer(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, ran = data_dir / "run" / "streams.lock", []

    class Service:
        def run(self, stopped: Event) -> None:
            ran.append(stopped)
            with pytest.raises(OperatorError):
                hold_lock(lock)

    monkeypatch.setattr(program, "_service", Service)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    program.main()
    assert ran
    hold_lock(lock).close()
