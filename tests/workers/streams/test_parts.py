"""The streams' small parts: back-off, motion, lag, clocks, and the slot for the newest frame."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.streams.backoff import Backoff
from workers.streams.clocks import SETTLE_S, WallClock, Watermark
from workers.streams.motion import Sampler
from workers.streams.pace import Pace
from workers.streams.slot import SlotReader, SlotWriter
from workers.streams.tally import Load

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def grey(level: int = 100, *, seed: int = 1) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(0, 4, (240, 320))
    return (level + noise).astype(np.uint8)


def test_waits_double_up_to_the_longest_and_begin_anew_once_all_is_well() -> None:
    backoff = Backoff(0.5, 30.0, chance=random.Random(1))
    waits = [backoff.wait_s() for _ in range(12)]
    for number, wait in enumerate(waits):
        longest = min(0.5 * 2**number, 30.0)
        assert longest / 2 <= wait <= longest
    assert len({round(w / 30, 3) for w in waits[-4:]}) > 1, "cameras would come back all at once"
    backoff.reset()
    assert backoff.wait_s() <= 0.5


def looked_at(sampler: Sampler, frames: list[NDArray[np.uint8]], *, fps: float) -> list[int]:
    found = []
    for number, frame in enumerate(frames):
        now_s = 100 + number / fps
        if sampler.is_due(now_s) and sampler.is_worth(frame, now_s):
            found.append(number)
    return found


def moving(count: int) -> list[NDArray[np.uint8]]:
    frames = []
    for number in range(count):
        frame = grey(seed=number)
        x = (number * 8) % 250
        frame[60:160, x : x + 60] = 190
        frames.append(frame)
    return frames


@pytest.mark.parametrize(("rate", "most"), [(5.0, 51), (25.0, 250), (1.0, 11)])
def test_moving_pictures_are_looked_at_as_often_as_the_camera_may_be(
    rate: float, most: int
) -> None:
    count = len(looked_at(Sampler(rate), moving(250), fps=25))
    assert most * 0.9 <= count <= most


def test_still_pictures_are_looked_at_once_a_second() -> None:
    still = [grey(seed=number) for number in range(250)]
    numbers = looked_at(Sampler(5.0), still, fps=25)
    # The first two seconds count as motion: something new is there.
    assert 7 <= len([n for n in numbers if n >= 60]) <= 9


def test_light_that_changes_everywhere_is_no_motion() -> None:
    darker = [grey(100 - number // 10, seed=number) for number in range(250)]
    assert len([n for n in looked_at(Sampler(5.0), darker, fps=25) if n >= 60]) <= 9


def test_somebody_small_who_moves_is_seen_at_once() -> None:
    frames = [grey(seed=number) for number in range(200)]
    for number, frame in enumerate(frames[151:]):
        frame[100:132, 40 + number * 3 : 80 + number * 3] = 160
    numbers = looked_at(Sampler(5.0), frames, fps=25)
    assert any(151 <= n <= 156 for n in numbers)
    assert len([n for n in numbers if n > 150]) >= 8


def test_pictures_that_come_late_are_known_to_be_late() -> None:
    pace = Pace()
    assert [pace.lag_s(n * 0.1, 50 + n * 0.1) for n in range(3)] == pytest.approx(
        [0, 0, 0], abs=1e-3
    )
    # The cable was out for four seconds, and what was sent meanwhile comes all at once.
    assert pace.lag_s(0.3, 54.3) == pytest.approx(4.0, abs=0.01)
    assert pace.lag_s(4.3, 54.3) == pytest.approx(0.0, abs=0.01)


def test_a_stream_whose_own_time_begins_anew_is_not_taken_for_late() -> None:
    pace = Pace()
    pace.lag_s(5000.0, 10.0)
    assert pace.lag_s(0.0, 10.1) == 0.0


class Clocks:
    def __init__(self) -> None:
        self.wall_s, self.steady_s = NOON.timestamp(), 500.0
        self.clock = WallClock(lambda: self.wall_s, lambda: self.steady_s)

    def pass_by(self, seconds: float) -> None:
        self.wall_s += seconds
        self.steady_s += seconds


def test_the_wall_clock_tells_when_it_was_moved_and_when_it_may_be_believed_again() -> None:
    clocks = Clocks()
    clocks.pass_by(5)
    assert clocks.clock.check() == 0.0
    assert clocks.clock.at(498.0) == NOON - timedelta(seconds=2)
    clocks.wall_s += 3600
    assert clocks.clock.check() == pytest.approx(3600)
    assert not clocks.clock.is_settled
    clocks.pass_by(SETTLE_S + 1)
    assert clocks.clock.check() == 0.0
    assert clocks.clock.is_settled


@pytest.mark.parametrize("jump_s", [-7200.0, -30.0, 30.0, 86_400.0])
def test_a_watermark_goes_neither_back_nor_into_the_future_when_the_clock_jumps(
    jump_s: float,
) -> None:
    clocks, mark = Clocks(), Watermark()
    held: list[datetime] = []
    for second in range(40):
        clocks.pass_by(1)
        if second == 10:
            clocks.wall_s += jump_s
        if second == 20:
            clocks.wall_s -= jump_s
        clocks.clock.check()
        now = clocks.clock.now()
        mark.advance(now - timedelta(seconds=1), now=now, is_settled=clocks.clock.is_settled)
        assert mark.until is not None
        held.append(mark.until)
    assert held == sorted(held)
    assert held[-1] <= clocks.clock.now(), "what is in the future cannot be known"


def test_only_the_newest_frame_is_kept() -> None:
    reader = SlotReader()
    writer = SlotWriter(reader.fd)
    assert reader.newest(after=0) is None
    for number in range(1, 8):
        writer.write(np.full((20, 30 + number, 3), number, np.uint8), at_s=float(number))
    frame = reader.newest(after=0)
    assert frame is not None
    assert (frame.sequence, frame.picture.shape, frame.picture.max()) == (7, (20, 37, 3), 7)
    assert reader.newest(after=7) is None
    writer.write(np.zeros((20, 30, 3), np.uint8), at_s=8.0)
    assert frame.picture.max() == 7, "a frame in hand changed"
    reader.close()


def test_a_decoder_that_writes_nonsense_is_not_believed() -> None:
    reader = SlotReader()
    writer = SlotWriter(reader.fd)
    writer.write(np.zeros((20, 30, 3), np.uint8), at_s=1e12)
    frame = reader.newest(after=0)
    assert frame is not None
    assert frame.at_s < 1e12
    writer.head["buffers"]["height"] = 2**40
    assert reader.newest(after=0) is None
    reader.close()


def test_how_many_cameras_the_machine_bears_follows_from_the_time_a_frame_takes() -> None:
    load = Load()
    for _ in range(10):
        load.took(3.0, frames=1)  # while the engine warms up
    assert load.cameras([5.0]) is None
    load.took(0.08, frames=4)
    assert load.cameras([5.0, 5.0]) == 8
    assert load.cameras([]) is None
