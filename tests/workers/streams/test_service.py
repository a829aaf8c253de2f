"""The loop: cameras of the database are followed, looked at together, and reported on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import OperationalError
from django.utils import timezone

from portal.cameras.contracts import CameraSettings, CameraYield
from portal.cameras.models import Camera, CameraHealth, CameraHour
from portal.cameras.selectors import ADDRESS_PURPOSE
from portal.core.vault import vault
from portal.engines.models import WorkerReport
from recognition.contracts import Detection, ImageAnalysis, Picture
from recognition.errors import SelfTestFailed
from tests.factories import CameraFactory
from tests.factories.engine import FakeEngine
from tests.factories.faces import face_of
from tests.workers.streams.conftest import number_of, until, write_video
from workers.engine_host import EngineHost
from workers.streams.addresses import Addresses
from workers.streams.clocks import WallClock
from workers.streams.records import Records
from workers.streams.service import StreamService
from workers.visits import SeenFrame

pytestmark = pytest.mark.django_db


FACE = face_of(1).detection


class Engine(FakeEngine):
    """Finds nobody, and counts how many it was shown at once."""

    def __init__(self) -> None:
        super().__init__()
        self.passes: list[int] = []
        self.failures = 0

    def analyse_pictures(
        self,
        pictures: Sequence[Picture],
        *,
        flip_fusion: bool | None = None,
        wanted: Callable[[int, Sequence[Detection]], Sequence[bool]] | None = None,
    ) -> list[ImageAnalysis]:
        assert flip_fusion is False
        assert wanted is not None
        for number in range(len(pictures)):
            assert list(wanted(number, [FACE])) == [True]
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the network failed")
        self.passes.append(len(pictures))
        return [ImageAnalysis(p.shape[1], p.shape[0], ()) for p in pictures]

    def close(self) -> None:
        return


class Book:
    def wants(
        self,
        camera: CameraSettings,
        found: Sequence[Detection],
        *,
        size_px: tuple[int, int],
        at_s: float,
    ) -> list[bool]:
        self.asked.append((camera.id, size_px))
        return [True] * len(found)

    def __init__(self) -> None:
        self.asked: list[tuple[UUID, tuple[int, int]]] = []
        self.seen: list[SeenFrame] = []
        self.forgotten: list[UUID] = []
        self.is_closed = False

    def see(self, frames: Sequence[SeenFrame]) -> list[CameraYield]:
        self.seen += frames
        return [
            CameraYield(f.camera.id, f.captured_at, frames=1, losses={"small": 2}) for f in frames
        ]

    def tick(self, now: datetime) -> None:
        return

    def forget(self, camera_id: UUID) -> None:
        self.forgotten.append(camera_id)

    def close(self) -> None:
        self.is_closed = True

    def of(self, camera: Camera) -> list[SeenFrame]:
        return [frame for frame in self.seen if frame.camera.id == camera.pk]


class Running:
    """A service that is stepped by the test."""

    def __init__(self, engine: Engine, clock: WallClock | None = None) -> None:
        self.engine, self.book = engine, Book()
        self.builds = 0
        self.failure: SelfTestFailed | None = None
        self.addresses = Addresses()
        self.host = EngineHost(engine, owner="streams@here")  # type: ignore[arg-type]
        self.host.checks = []
        self.service = StreamService(
            records=Records("streams@here"),
            build_host=self._build,
            make_book=lambda _: self.book,
            prepare=self.addresses.prepare,
            clock=clock,
        )

    def _build(self) -> EngineHost:
        self.builds += 1
        if self.failure:
            raise self.failure
        return self.host

    def until(self, condition: Callable[[], Any], *, within_s: float = 15.0) -> Any:
        def check() -> Any:
            self.service.step(0.02)
            return condition()

        return until(check, within_s=within_s)

    def stream(self, camera: Camera) -> Any:
        return self.service._streams.get(camera.pk)

    def close(self) -> None:
        self.service.close()
        self.addresses.close()


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running(Engine())
    yield made
    made.close()


@pytest.fixture
def make_camera(data_dir: Path) -> Callable[..., Camera]:
    def make(name: str = "door", frames: int = 80, **fields: Any) -> Camera:
        write_video(data_dir / "videos" / f"{name}.mp4", frames)
        sealed = vault().seal(f"{name}.mp4".encode(), purpose=ADDRESS_PURPOSE)
        fields = {"kind": Camera.Kind.FILE, "rate_fps": 10.0, **fields}
        return CameraFactory(name=name, sealed_address=sealed, **fields)

    return make


def test_without_a_live_camera_no_engine_is_loaded(running: Running) -> None:
    CameraFactory()  # sends its pictures itself
    for _ in range(3):
        running.service.step(0.01)
    assert running.builds == 0


def test_frames_of_all_cameras_reach_the_visits_with_their_settings_and_times(
    running: Running, make_camera: Callable[..., Camera]
) -> None:
    door, gate = make_camera("door", min_face_px=40), make_camera("gate")
    began = timezone.now()
    running.until(lambda: len(running.book.of(door)) > 5 and len(running.book.of(gate)) > 5)
    for camera in (door, gate):
        frames = running.book.of(camera)
        numbers = [number_of(frame.picture) for frame in frames if frame.picture is not None]
        assert numbers == sorted(set(numbers)), "a frame was seen twice, or after a later one"
        assert began <= frames[0].captured_at <= frames[-1].captured_at <= timezone.now()
        assert frames[0].at_s < frames[-1].at_s <= time.monotonic()
    assert running.book.of(door)[0].camera.min_face_px == 40
    assert running.builds == 1
    size = frames[0].picture.shape[1::-1] if frames[0].picture is not None else None
    assert running.engine.warmed_up == [size], "once for both, before anybody waited"


def test_how_the_camera_is_and_what_it_yielded_are_written_down(
    running: Running, make_camera: Callable[..., Camera]
) -> None:
    camera = make_camera()
    running.until(lambda: len(running.book.seen) > 5)
    running.until(lambda: CameraHealth.objects.filter(complete_until__isnull=False).exists())
    running.service.close()
    row, hour = CameraHealth.objects.get(), CameraHour.objects.get()
    assert row.state == "online"
    assert (row.width_px, row.height_px) == (320, 240)
    assert row.fps > 0
    assert row.latency_ms is not None
    assert row.complete_until == running.book.seen[-1].captured_at
    assert hour.frames == len(running.book.seen)
    assert hour.losses == {"small": 2 * hour.frames}
    camera.refresh_from_db()
    assert camera.still_key
    assert vault().get(camera.still_key)[:2] == b"\xff\xd8"


def test_a_change_is_followed_and_leaves_other_cameras_alone(
    running: Running, make_camera: Callable[..., Camera]
) -> None:
    door, gate = make_camera("door", 200), make_camera("gate", 200)
    running.until(lambda: running.book.of(door) and running.book.of(gate))
    pid = running.stream(gate).child.pid
    Camera.objects.filter(pk=door.pk).update(is_enabled=False)
    running.until(lambda: running.stream(door) is None, within_s=4)
    assert running.book.forgotten == [door.pk]
    Camera.objects.filter(pk=gate.pk).update(name="Front gate", revision=2)
    running.until(lambda: running.stream(gate).settings.name == "Front gate", within_s=4)
    count = len(running.book.of(door))
    Camera.objects.filter(pk=door.pk).update(is_enabled=True)
    running.until(lambda: len(running.book.of(door)) > count)
    assert running.stream(gate).child.pid == pid
    Camera.objects.filter(pk=gate.pk).delete()
    running.until(lambda: running.stream(gate) is None, within_s=4)


def test_one_camera_whose_address_cannot_be_opened_spoils_no_other(
    running: Running, make_camera: Callable[..., Camera]
) -> None:
    door = make_camera("door")
    CameraFactory(kind=Camera.Kind.RTSP, sealed_address=b"scrambled")
    running.until(lambda: running.book.of(door))


def test_a_decoder_that_hangs_is_replaced(
    running: Running, make_camera: Callable[..., Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import signal

    monkeypatch.setattr("workers.streams.camera.SILENCE_S", 0.4)
    door, gate = make_camera("door", 200), make_camera("gate", 200)
    running.until(lambda: running.book.of(door) and running.book.of(gate))
    hung, other = running.stream(door).child.pid, running.stream(gate).child.pid
    os.kill(hung, signal.SIGSTOP)
    running.until(lambda: running.stream(door).child and running.stream(door).child.pid != hung)
    count = len(running.book.of(door))
    running.until(lambda: len(running.book.of(door)) > count)
    assert running.stream(gate).child.pid == other
    assert not Path(f"/proc/{hung}").exists()


def test_an_error_in_one_pass_is_logged_and_ends_nothing(
    running: Running,
    make_camera: Callable[..., Camera],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.streams.looking._PAUSE_S", 0.05)
    running.engine.failures = 2
    make_camera()
    running.until(lambda: len(running.book.seen) > 3)
    assert running.engine.failures == 0


def test_an_engine_that_fails_its_self_test_is_reported_and_tried_again(
    running: Running, make_camera: Callable[..., Camera]
) -> None:
    running.failure = SelfTestFailed("The engine's self-test failed. colours: swapped")
    camera = make_camera()
    running.until(lambda: WorkerReport.objects.filter(state="failed").exists())
    row = WorkerReport.objects.get()
    assert (row.role, row.checks[0]["ok"]) == ("streams", False)
    assert CameraHealth.objects.filter(camera=camera, complete_until__isnull=False).count() == 0
    running.service._engine._retry_at_s = 0.0
    running.failure = None
    running.until(lambda: running.book.seen)
    row.refresh_from_db()
    assert (row.state, row.engine["runtime"]) == ("ready", "fake")


def test_what_was_counted_while_the_database_was_away_is_written_when_it_is_back(
    running: Running, make_camera: Callable[..., Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_camera()
    records, failures = running.service._records, []
    write = records.write_health

    def fail(*_: object) -> None:
        failures.append(1)
        raise OperationalError("the database is away")

    monkeypatch.setattr(records, "write_health", fail)
    running.until(lambda: len(running.book.seen) > 5 and len(failures) > 1)
    monkeypatch.setattr(records, "write_health", write)
    running.until(CameraHour.objects.exists)
    running.service.close()
    assert CameraHour.objects.get().frames == len(running.book.seen)


def test_a_clock_that_jumps_breaks_nothing(make_camera: Callable[..., Camera]) -> None:
    wall = {"ahead_s": 0.0}
    clock = WallClock(lambda: time.time() + wall["ahead_s"])
    running = Running(Engine(), clock)
    camera = make_camera("door", 200)
    try:
        running.until(lambda: len(running.book.seen) > 3)
        pid = running.stream(camera).child.pid
        before = running.service._tallies[camera.pk].watermark.until
        for ahead_s in (7200.0, -7200.0, 0.0):
            wall["ahead_s"] = ahead_s
            count = len(running.book.seen)
            running.until(lambda n=count: len(running.book.seen) > n + 3)
            shown = timezone.now() + timedelta(seconds=ahead_s)
            assert abs(running.book.seen[-1].captured_at - shown) < timedelta(seconds=2)
            assert running.service._tallies[camera.pk].watermark.until == before
        assert running.stream(camera).child.pid == pid
        steady = [frame.at_s for frame in running.book.seen]
        assert steady == sorted(steady)
    finally:
        running.close()


def test_a_machine_with_too_much_to_do_looks_at_every_camera_equally_often(
    running: Running, make_camera: Callable[..., Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.streams.looking.BATCH", 2)
    cameras = [make_camera(f"c{number}", 120) for number in range(4)]
    running.until(lambda: all(running.book.of(camera) for camera in cameras))
    running.book.seen.clear()
    quick = running.engine.analyse_pictures

    def slowly(pictures: Sequence[Picture], **options: Any) -> Any:
        time.sleep(0.25)
        return quick(pictures, **options)

    monkeypatch.setattr(running.engine, "analyse_pictures", slowly)
    running.until(lambda: len(running.book.seen) >= 16)
    counts = [len(running.book.of(camera)) for camera in cameras]
    assert max(counts) - min(counts) <= 1, counts
    late = [frame.at_s for frame in running.book.seen]
    assert time.monotonic() - late[-1] < 1.5, "frames waited in a queue"


def test_stopping_ends_every_decoder(running: Running, make_camera: Callable[..., Camera]) -> None:
    camera = make_camera()
    running.until(lambda: running.book.seen)
    pid = running.stream(camera).child.pid
    stopped = threading.Event()
    stopped.set()
    running.service.run(stopped)
    assert running.book.is_closed
    assert not Path(f"/proc/{pid}").exists()


def test_settings_never_show_their_address(make_camera: Callable[..., Camera]) -> None:
    make_camera()
    (settings,) = Records("streams@here").cameras()
    assert settings.address == "door.mp4"
    assert "door.mp4" not in repr(settings)
    assert isinstance(replace(settings, name="x"), CameraSettings)
    assert np.isfinite(settings.rate_fps)
