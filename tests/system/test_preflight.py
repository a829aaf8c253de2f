"""What an operator reads when something must be put right before Gatehouse can start."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portal.core.errors import OperatorError
from portal.system import preflight
from tests.system.toys import PROJECT


def test_a_port_in_use_is_named_with_the_setting_that_changes_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            OperatorError, match=rf"^Port {port} on 127.0.0.1 is in use.*GATEHOUSE_PORT"
        ):
            preflight.listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "why"),
    [("192.0.2.1", "an address of somebody else"), ("no such host.invalid", "no address")],
)
def test_a_host_that_is_not_this_machine_is_refused(host: str, why: str) -> None:
    with pytest.raises(OperatorError, match="GATEHOUSE_HOST"):
        preflight.listen(host, 0)


def test_a_second_run_on_the_same_data_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    path = tmp_path / "run" / "up.lock"
    path.parent.mkdir()
    first = preflight.hold_lock(path)
    with pytest.raises(
        OperatorError, match=rf"already running on this data.*process {os.getpid()}\)"
    ):
        preflight.hold_lock(path)
    first.close()
    preflight.hold_lock(path).close()


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", ""])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(OperatorError, match="GATEHOUSE_TIME_ZONE"):
        preflight.check_time_zone(name)


def test_a_known_time_zone_is_accepted() -> None:
    preflight.check_time_zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("url", "part", "why"),
    [
        ("http://broker", "Expected redis://", "not a scheme of a broker"),
        ("redis://user:secret@127.0.0.1:1", "does not answer", "nobody listens on port 1"),
        ("redis://user:secret@127.0.0.1:port", "Expected redis://", "no number"),
    ],
)
def test_a_broker_that_does_not_answer_is_named_without_its_password(
    url: str, part: str, why: str
) -> None:
    with pytest.raises(OperatorError, match="GATEHOUSE_REDIS_URL") as refusal:
        preflight.check_broker_url(url)
    assert part in str(refusal.value), why
    assert "secret" not in str(refusal.value)


def test_the_data_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    preflight.make_data_directory(tmp_path / "new" / "data")
    assert (tmp_path / "new" / "data").stat().st_mode & 0o777 == 0o700
    assert {p.name for p in (tmp_path / "new" / "data").iterdir()} == {
        "broker",
        "logs",
        "models",
        "run",
    }


def test_a_file_in_place_of_the_data_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(OperatorError, match="GATEHOUSE_DATA_DIR"):
        preflight.make_data_directory(tmp_path / "data")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_data_directory_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OperatorError, match=r"Permission denied.*GATEHOUSE_DATA_DIR"):
        preflight.make_data_directory(tmp_path / "data")
    tmp_path.chmod(0o700)


def test_the_runtime_directory_is_private_and_may_be_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        preflight.make_runtime_directory(tmp_path / "r", longest_name="s")
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o700


def test_a_runtime_directory_prepared_by_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    with pytest.raises(OperatorError, match="is a link"):
        preflight.make_runtime_directory(tmp_path / "link", longest_name="s")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    with pytest.raises(OperatorError, match="can be entered by others"):
        preflight.make_runtime_directory(tmp_path / "open", longest_name="s")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_runtime_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 12_345, -1)
    with pytest.raises(OperatorError, match="belongs to user 12345"):
        preflight.make_runtime_directory(tmp_path / "theirs", longest_name="s")


def test_a_socket_path_that_the_kernel_would_refuse_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="XDG_RUNTIME_DIR"):
        preflight.make_runtime_directory(tmp_path / ("x" * 100), longest_name="broker.sock")


@pytest.mark.parametrize(
    ("variables", "part", "why"),
    [
        ({"GATEHOUSE_PORT": "http"}, "GATEHOUSE_PORT is 'http'", "not a number"),
        ({"GATEHOUSE_PORT": "70000"}, "expected 1 to 65535", "out of range"),
        ({"GATEHOUSE_DEVICE": "gpu"}, "expected one of auto, cpu, cuda", "not a device"),
        ({"GATEHOUSE_TIME_ZONE": "Mars/Olympus"}, "GATEHOUSE_TIME_ZONE", "not a zone"),
        ({"GATEHOUSE_DATA_DIR": "/dev/null/data"}, "GATEHOUSE_DATA_DIR", "not a folder"),
        ({"GATEHOUSE_REDIS_URL": "redis://127.0.0.1:1"}, "GATEHOUSE_REDIS_URL", "not there"),
    ],
)
def test_up_answers_a_wrong_setting_with_one_paragraph_and_exit_code_2(
    tmp_path: Path, variables: dict[str, str], part: str, why: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=PROJECT,
        env={**os.environ, "GATEHOUSE_DATA_DIR": str(tmp_path / "data"), **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2, why
    assert part in ended.stderr
    assert ended.stdout == ""
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr


def test_every_command_answers_a_wrong_setting_without_a_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env={**os.environ, "GATEHOUSE_PORT": "http"},
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "GATEHOUSE_PORT is 'http'; expected a whole number.\n"
