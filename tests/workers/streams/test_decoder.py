"""The decoder process: what it shows, what it refuses, and that it never outlives anybody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workers.streams.conftest import number_of, until, write_video
from workers.streams.child import DecoderChild
from workers.streams.messages import Assignment

Begin = Callable[[Assignment], DecoderChild]


def film(path: Path, *, rate_fps: float = 10.0) -> Assignment:
    return Assignment(kind="file", rate_fps=rate_fps, path=str(path))


def test_a_file_is_played_at_its_own_pace_and_said_to_have_ended(
    tmp_path: Path, decode: Begin
) -> None:
    child = decode(film(write_video(tmp_path / "room.mp4", 12)))
    numbers, at_s = [], []

    def is_over() -> bool:
        if frame := child.newest():
            numbers.append(number_of(frame.picture))
            at_s.append(frame.at_s)
        return child.listen() == "ended"

    until(is_over)
    assert numbers == sorted(set(numbers)), "a frame came twice, or late"
    assert len(numbers) >= 8
    assert 0.6 <= at_s[-1] - at_s[0] <= 1.5
    measured = child.measured()
    assert (measured.decoded, measured.errors) == (12, 0)
    assert (measured.width_px, measured.height_px) == (320, 240)


def test_large_pictures_are_made_smaller_before_they_are_handed_on(
    tmp_path: Path, decode: Begin
) -> None:
    child = decode(film(write_video(tmp_path / "large.mp4", 2, size_px=(2560, 1440))))
    frame = until(child.newest)
    assert frame.picture.shape == (1080, 1920, 3)
    measured = child.measured()
    assert (measured.decoded, measured.width_px) in {(1, 2560), (2, 2560)}, "known before it came"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        pytest.param("text.mp4", b"no film at all", "unreadable", id="no film"),
        pytest.param("away.mp4", None, "file", id="not there"),
        pytest.param(
            "list.mp4", b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", "unreadable", id="a playlist"
        ),
        pytest.param(
            "more.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", "unreadable", id="a list"
        ),
    ],
)
def test_what_is_no_film_is_refused(
    tmp_path: Path, decode: Begin, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    child = decode(film(tmp_path / name))
    assert until(child.listen) == code


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/x.mp4", "concat:/etc/passwd", "tcp://1.2.3.4:1"]
)
def test_a_path_is_no_way_into_the_network(decode: Begin, address: str) -> None:
    child = decode(Assignment(kind="file", rate_fps=5.0, path=address))
    assert until(child.listen) in {"unreadable", "file"}


def test_the_decoder_knows_no_secret_of_its_parent(
    tmp_path: Path, decode: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://gatehouse:hush@db/gatehouse")
    monkeypatch.setenv("GATEHOUSE_ADMIN_PASSWORD", "hush")
    task = Assignment(
        kind="rtsp", rate_fps=5.0, scheme="rtsp", host="x", port=9, ip="127.0.0.1", password="hush"
    )
    child = decode(task)
    for file in ("environ", "cmdline"):
        assert b"hush" not in Path(f"/proc/{child.pid}/{file}").read_bytes()


def test_a_decoder_that_was_stopped_or_killed_leaves_nothing(tmp_path: Path, decode: Begin) -> None:
    path = write_video(tmp_path / "room.mp4", 100)
    child = decode(film(path))
    until(child.newest)
    os.kill(child.pid, signal.SIGSTOP)
    child.kill()
    assert not Path(f"/proc/{child.pid}").exists()
    other = decode(film(path))
    until(other.newest)
    os.kill(other.pid, signal.SIGKILL)
    assert until(other.listen) == "crashed"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_many_decoders_one_after_the_other_leave_no_file_or_memory_open() -> None:
    def held() -> tuple[int, int]:
        maps = Path("/proc/self/maps").read_text()
        return len(list(Path("/proc/self/fd").iterdir())), maps.count("gatehouse-frames")

    before = held()
    for _ in range(4):
        child = DecoderChild(Assignment(kind="nothing", rate_fps=1.0))
        child.kill()
        del child
    assert held() == before


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own means")
def test_it_dies_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    path = write_video(tmp_path / "room.mp4", 300)
    script = (
        "import sys, time\n"
        "from workers.streams.child import DecoderChild\n"
        "from workers.streams.messages import Assignment\n"
        f"child = DecoderChild(Assignment(kind='file', rate_fps=5, path={str(path)!r}))\n"
        "while child.newest() is None: time.sleep(0.02)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline_s = time.monotonic() + 10
    while Path(f"/proc/{pid}/exe").exists() and _state(pid) != "Z":
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"
