"""The camera streams as ``manage.py up`` runs them: with the real engine, killed, and stopped."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment
from tests.workers.streams.conftest import write_video

pytestmark = pytest.mark.integration

ADD_CAMERA = """
from portal.cameras.models import Camera
from portal.cameras.selectors import ADDRESS_PURPOSE
from portal.core.vault import vault
from portal.organisation.services import default_site
sealed = vault().seal(b"door.mp4", purpose=ADDRESS_PURPOSE)
Camera.objects.create(
    site=default_site(), name="Door", kind="file", key_digest="x", sealed_address=sealed
)
"""


def health(system: Gatehouse) -> Any:
    with closing(sqlite3.connect(system.data_dir / "gatehouse.sqlite3")) as database:
        query = "SELECT state, complete_until FROM cameras_camerahealth"
        return (database.execute(query).fetchone() or ("", None)) + (
            database.execute("SELECT count(*) FROM cameras_camera").fetchone()
        )


def running(system: Gatehouse, part: str) -> list[int]:
    return [pid for pid, command in system.processes().items() if part in command]


def test_a_camera_is_seen_its_streams_are_restarted_and_nothing_is_left(
    make_gatehouse: Callable[..., Gatehouse],
) -> None:
    system = make_gatehouse().start()
    assert running(system, "workers.streams.decoder") == []
    write_video(Path(system.data_dir) / "videos" / "door.mp4", 600)
    environment = system_environment({"GATEHOUSE_DATA_DIR": str(system.data_dir)})
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", ADD_CAMERA]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True)
    system.until(lambda: health(system)[1], within_s=60, what="a watermark")
    assert health(system)[0] == "online"

    (decoder,) = running(system, "workers.streams.decoder")
    seen_until = health(system)[1]
    (streams,) = (pid for pid in running(system, "workers.streams") if pid != decoder)
    os.kill(streams, signal.SIGKILL)
    system.wait_for("The streams process is running again.")
    assert decoder not in system.processes(), "its decoder outlived it"
    system.until(lambda: health(system)[1] > seen_until, within_s=60, what="a later watermark")

    assert system.stop() == 0
    assert system.processes() == {}
    assert "door.mp4" not in (system.data_dir / "logs" / "streams.log").read_text()
