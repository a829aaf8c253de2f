"""A camera's stream: what it does when its decoder dies, hangs, is refused, or must rest."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from portal.cameras.contracts import CameraSettings
from portal.core.week import Week, Window
from workers.streams.camera import SILENCE_S, CameraStream
from workers.streams.child import Measured
from workers.streams.messages import Assignment, Trouble

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
SETTINGS = CameraSettings(
    id=uuid4(),
    site_id=uuid4(),
    name="Door",
    kind="rtsp",
    revision=1,
    time_zone="UTC",
    address="rtsp://root:secret@10.0.0.9/live",
)


class Decoder:
    def __init__(self) -> None:
        self.said, self.is_killed, self.decoded, self.errors = "", False, 0, 0
        self.has_news = False

    def listen(self) -> str:
        return self.said

    def measured(self) -> Measured:
        return Measured(self.decoded, self.errors, 0.0, None, 640, 480)

    def newest(self) -> None:
        return None

    def kill(self) -> None:
        self.is_killed = True


class World:
    """A stream with decoders that do as they are told, and a clock that goes when it is told."""

    def __init__(self, settings: CameraSettings = SETTINGS) -> None:
        self.begun: list[Decoder] = []
        self.begun_at_s: list[float] = []
        self.refusal = ""
        self.now_s = 1000.0
        self.stream = CameraStream(settings, launch=self._launch, prepare=self._prepare)

    def _prepare(self, settings: CameraSettings) -> Future[Assignment]:
        future: Future[Assignment] = Future()
        if self.refusal:
            future.set_exception(Trouble(self.refusal))
        else:
            future.set_result(Assignment(kind=settings.kind, rate_fps=settings.rate_fps))
        return future

    def _launch(self, task: Assignment) -> Any:
        self.begun.append(Decoder())
        self.begun_at_s.append(self.now_s)
        return self.begun[-1]

    @property
    def decoder(self) -> Decoder:
        return self.begun[-1]

    def run(self, seconds: float, *, fps: float = 0.0, wall: datetime = NOON) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += 0.25
            if self.begun and fps:
                self.decoder.decoded += 1
            self.stream.tick(self.now_s, wall + timedelta(seconds=self.now_s - 1000))

    def say(self, code: str) -> None:
        self.decoder.said = code
        self.stream.listen(self.now_s)


def test_it_is_online_with_the_first_picture_and_offline_with_the_reason_when_it_ends() -> None:
    world = World()
    world.run(1)
    assert world.stream.state == "connecting"
    world.run(1, fps=4)
    assert (world.stream.state, world.stream.detail) == ("online", "")
    decoder = world.decoder
    world.say("closed")
    assert decoder.is_killed
    assert world.stream.state == "offline"
    assert world.stream.detail == "The camera ended the connection."


def test_it_comes_back_by_itself_and_counts_that_it_was_away() -> None:
    world = World()
    world.run(2, fps=4)
    world.say("closed")
    world.run(2)
    assert len(world.begun) == 2
    assert world.stream.state == "offline", "to try again is not to be back"
    world.run(1, fps=4)
    assert (world.stream.state, world.stream.reconnects) == ("online", 1)


def test_a_camera_that_is_away_for_long_is_asked_less_and_less_often_but_twice_a_minute() -> None:
    world = World()
    for _ in range(14):
        count = len(world.begun)
        while len(world.begun) == count:
            world.run(0.25)
        world.say("unreachable")
    waits = [b - a for a, b in zip(world.begun_at_s, world.begun_at_s[1:], strict=False)]
    assert waits[0] <= 1.5
    assert 14 <= waits[-1] <= 31
    world.run(32)
    world.run(15, fps=4)
    world.say("closed")
    count, now_s = len(world.begun), world.now_s
    while len(world.begun) == count:
        world.run(0.25)
    assert world.now_s - now_s <= 1.5, "after it was well it is asked soon again"


@pytest.mark.parametrize("had_pictures", [True, False])
def test_a_decoder_that_says_nothing_is_killed(had_pictures: bool) -> None:
    world = World()
    world.run(2, fps=4 if had_pictures else 0)
    decoder = world.decoder
    world.run(SILENCE_S + 16)
    assert decoder.is_killed
    assert len(world.begun) > 1 or world.stream.state == "offline"
    assert "sends no pictures" in world.stream.detail


@pytest.mark.parametrize("code", ["credentials", "certificate", "redirected"])
def test_what_the_camera_refuses_is_tried_once_a_minute_at_most(code: str) -> None:
    world = World()
    world.run(1)
    world.say(code)
    assert world.stream.state == "refused"
    while len(world.begun) == 1:
        world.run(0.25)
    assert 29 <= world.begun_at_s[1] - world.begun_at_s[0] <= 62


def test_an_address_that_is_not_allowed_starts_no_decoder() -> None:
    world = World()
    world.refusal = "address"
    world.run(5)
    assert world.begun == []
    assert world.stream.state == "refused"


def test_a_new_address_is_tried_at_once_and_another_name_leaves_the_decoder_alone() -> None:
    world = World()
    world.refusal = "credentials"
    world.run(2)
    world.refusal = ""
    assert world.stream.follow(replace(SETTINGS, address="rtsp://root:other@10.0.0.9/live"))
    world.run(1, fps=4)
    assert world.stream.state == "online"
    renamed = replace(world.stream.settings, name="Gate", revision=3, min_face_px=40)
    assert not world.stream.follow(renamed)
    world.run(1, fps=4)
    assert len(world.begun) == 1
    assert world.stream.settings.name == "Gate"


def test_outside_its_hours_it_rests_and_inside_it_works_again() -> None:
    hours = Week((Window(frozenset({0}), time(7), time(19)),))
    world = World(replace(SETTINGS, schedule=hours))
    world.run(2, fps=4)
    decoder = world.decoder
    world.run(1, fps=4, wall=NOON + timedelta(hours=8))
    assert (world.stream.state, decoder.is_killed) == ("resting", True)
    world.run(2, fps=4)
    assert world.stream.state == "online"
    assert world.stream.reconnects == 0, "to rest is no fault"


def test_a_file_that_was_played_is_not_played_again() -> None:
    world = World(replace(SETTINGS, kind="file", address="walk.mp4"))
    world.run(2, fps=4)
    world.say("ended")
    world.run(60)
    assert len(world.begun) == 1
    assert (world.stream.state, world.stream.detail) == (
        "resting",
        "The file was played to its end.",
    )


def test_no_text_or_log_names_the_address(caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    world = World()
    for code in ("closed", "credentials", "unreadable", "crashed"):
        world.run(70)
        world.say(code)
    told = (
        f"{world.stream!r} {SETTINGS!r} {world.stream.detail} {caplog.text} {capsys.readouterr()}"
    )
    assert "secret" not in told
    assert "10.0.0.9" not in told
