"""Real RTSP from a real server: what breaks a stream, and that it comes back by itself."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest

from portal.cameras.models import Camera, CameraHealth
from portal.cameras.selectors import ADDRESS_PURPOSE
from portal.core.vault import vault
from tests.factories import CameraFactory
from tests.rtsp import RtspServer
from tests.workers.streams.conftest import FPS, number_of, until
from tests.workers.streams.test_service import Engine, Running
from workers.streams.child import DecoderChild
from workers.streams.messages import Assignment

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def server(h264: Path, tmp_path: Path) -> Iterator[RtspServer]:
    with RtspServer({"door": (h264, FPS), "gate": (h264, FPS)}, folder=tmp_path) as made:
        yield made


@pytest.fixture
def running(loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Patience shortened, so that a test need not wait as long as a person would."""
    monkeypatch.setattr("workers.streams.camera.SILENCE_S", 1.0)
    made = Running(Engine())
    yield made
    made.close()


def add_camera(url: str) -> Camera:
    sealed = vault().seal(url.encode(), purpose=ADDRESS_PURPOSE)
    return CameraFactory(kind=Camera.Kind.RTSP, sealed_address=sealed, rate_fps=FPS)


def see(running: Running, camera: Camera, count: int = 4) -> None:
    """Wait until so many more frames of the camera were seen."""
    before = len(running.book.of(camera))
    running.until(lambda: len(running.book.of(camera)) >= before + count, within_s=20)


def state(running: Running, camera: Camera) -> str:
    return str(running.stream(camera).state)


def check_nothing_is_doubled(running: Running, camera: Camera) -> None:
    frames = running.book.of(camera)
    at = [frame.at_s for frame in frames]
    assert at == sorted(set(at))
    captured = [frame.captured_at for frame in frames]
    assert captured == sorted(captured)


class Wire:
    """The cable between camera and us; ``is_out`` while nobody hears anything, neither end nor
    goodbye."""

    def __init__(self, port: int) -> None:
        self.is_out = False
        self._to = port
        self._over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.1)
        self.port = int(self._server.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                near, _ = self._server.accept()
            except TimeoutError:
                continue
            self._threads.append(threading.Thread(target=self._join, args=(near,)))
            self._threads[-1].start()

    def _join(self, near: socket.socket) -> None:
        while self.is_out and not self._over.is_set():
            time.sleep(0.02)
        with near, socket.create_connection(("127.0.0.1", self._to)) as far:
            pairs = {near: far, far: near}
            while not self._over.is_set():
                if self.is_out:
                    time.sleep(0.02)
                    continue
                for one in select.select(list(pairs), [], [], 0.1)[0]:
                    try:
                        data = one.recv(65_536)
                        pairs[one].sendall(data)
                    except OSError:
                        return
                    if not data:
                        return

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._server.close()


@pytest.fixture
def wire(server: RtspServer) -> Iterator[Wire]:
    made = Wire(server.port)
    yield made
    made.close()


def test_frames_arrive_soon_after_they_were_sent_with_the_sender_s_own_time(
    server: RtspServer, decode: Callable[[Assignment], DecoderChild]
) -> None:
    child = decode(
        Assignment(
            kind="rtsp",
            rate_fps=FPS,
            scheme="rtsp",
            host="x",
            port=server.port,
            path="/door",
            ip="127.0.0.1",
        )
    )
    seen: list[int] = []

    def look() -> bool:
        frame = child.newest()
        if frame is not None:
            seen.append(number_of(frame.picture))
        return len(seen) >= 10 and child.measured().skew_ms is not None

    until(look)
    sent = [one.frame for one in server.sent()]
    assert set(seen) <= set(sent)
    assert seen == sorted(seen)
    skew_ms = child.measured().skew_ms
    assert skew_ms is not None
    assert abs(skew_ms) < 2000


def test_several_cameras_are_seen_at_once_and_reported_online(
    server: RtspServer, running: Running
) -> None:
    door, gate = add_camera(server.url("door")), add_camera(server.url("gate"))
    see(running, door)
    see(running, gate)
    running.until(lambda: CameraHealth.objects.filter(state="online").count() == 2)


def test_a_server_that_was_killed_is_found_again(server: RtspServer, running: Running) -> None:
    camera = add_camera(server.url("door"))
    see(running, camera)
    server.kill()
    running.until(lambda: state(running, camera) == "offline")
    running.until(lambda: CameraHealth.objects.filter(state="offline").exists())
    until_then = CameraHealth.objects.get().complete_until
    running.until(lambda: len(running.book.seen) >= 0 and running.stream(camera).child is None)
    assert CameraHealth.objects.get().complete_until == until_then
    server.start()
    see(running, camera)
    assert state(running, camera) == "online"
    assert running.service._tallies[camera.pk].watermark.until > until_then
    check_nothing_is_doubled(running, camera)


def test_a_stream_that_freezes_is_begun_anew(server: RtspServer, running: Running) -> None:
    door, gate = add_camera(server.url("door")), add_camera(server.url("gate"))
    see(running, door)
    see(running, gate)
    pid = running.stream(gate).child.pid
    server.freeze("door")
    running.until(lambda: state(running, door) == "offline")
    assert "sends no pictures" in running.stream(door).detail
    server.thaw("door")
    see(running, door)
    assert running.stream(gate).child.pid == pid
    check_nothing_is_doubled(running, door)


def test_a_cable_that_was_out_is_no_reason_to_restart_anything(
    wire: Wire, running: Running
) -> None:
    camera = add_camera(f"rtsp://127.0.0.1:{wire.port}/door")
    see(running, camera)
    wire.is_out = True
    running.until(lambda: state(running, camera) == "offline")
    wire.is_out = False
    see(running, camera)
    assert running.stream(camera).reconnects + CameraHealth.objects.get().reconnects >= 1
    check_nothing_is_doubled(running, camera)


def test_pictures_that_waited_on_the_way_are_not_taken_for_new(
    wire: Wire, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cable is out for less than the watchdog's patience: all that was held up comes at once."""
    monkeypatch.setattr("workers.streams.camera.SILENCE_S", 20.0)
    camera = add_camera(f"rtsp://127.0.0.1:{wire.port}/door")
    see(running, camera, 8)
    wire.is_out = True
    out_s = time.monotonic()
    time.sleep(1.5)
    wire.is_out = False
    back_s = time.monotonic()
    see(running, camera, 10)
    frames = [f for f in running.book.of(camera) if f.at_s > out_s]
    numbers = [number_of(f.picture) for f in running.book.of(camera)]
    # A frame's own time tells how old it was, to the tenth of a second that lies between two.
    for one, other in pairwise(frames):
        pictures = number_of(other.picture) - number_of(one.picture)
        assert abs((other.at_s - one.at_s) - pictures / FPS) < 0.3
    assert numbers == sorted(numbers)
    assert min(f.at_s for f in frames) < back_s + 1.0
    check_nothing_is_doubled(running, camera)


def test_a_redirect_leads_nowhere(
    running: Running, decode: Callable[[Assignment], DecoderChild]
) -> None:
    inner = socket.create_server(("127.0.0.1", 0))
    inner.settimeout(0.5)
    answer = f"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: rtsp://127.0.0.1:{inner.getsockname()[1]}/x\r\n\r\n"
    with Talker(answer) as talker:
        camera = add_camera(f"rtsp://127.0.0.1:{talker.port}/door")
        running.until(lambda: state(running, camera) == "refused" if running.stream(camera) else 0)
        assert "sends to another address" in running.stream(camera).detail
    with pytest.raises(TimeoutError):
        inner.accept()
    inner.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n", "refused"),
        ("RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n", "offline"),
    ],
)
def test_a_camera_s_refusal_is_understood_and_no_log_names_its_address(
    running: Running, caplog: pytest.LogCaptureFixture, capfd: Any, answer: str, expected: str
) -> None:
    with Talker(answer) as talker:
        camera = add_camera(f"rtsp://root:hush-hush@127.0.0.1:{talker.port}/secret-path")
        running.until(
            lambda: running.stream(camera) and state(running, camera) in {"refused", "offline"}
        )
        running.until(lambda: CameraHealth.objects.exclude(detail="").exists())
    assert state(running, camera) == expected
    out = capfd.readouterr()
    told = f"{caplog.text}{out.out}{out.err}{CameraHealth.objects.get().detail}"
    assert "camera_state" in told
    for secret in ("hush-hush", "secret-path", str(talker.port), "127.0.0.1"):
        assert secret not in told


class Talker:
    """Gives every caller the same answer to everything."""

    def __init__(self, answer: str) -> None:
        self._answer = answer.encode()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.1)
        self._over = threading.Event()
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._talk)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()

    def _talk(self) -> None:
        while not self._over.is_set():
            try:
                caller, _ = self._server.accept()
            except TimeoutError:
                continue
            with caller:
                caller.settimeout(0.5)
                try:
                    while caller.recv(65_536):
                        caller.sendall(self._answer)
                except OSError:
                    continue


def test_a_loopback_address_that_nobody_opened_is_refused(server: RtspServer) -> None:
    running = Running(Engine())
    try:
        camera = add_camera(server.url("door"))
        running.until(lambda: running.stream(camera) and state(running, camera) == "refused")
        assert running.stream(camera).child is None
        assert server.sent() == []
    finally:
        running.close()
