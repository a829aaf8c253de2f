"""Pictures, clips and cameras for the tests of the streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import _mark, _room, number_of, write_h264
from workers.streams.child import DecoderChild
from workers.streams.messages import Assignment

FPS = 10.0


def room_frames(
    count: int, *, size_px: tuple[int, int] = (320, 240)
) -> Iterator[NDArray[np.uint8]]:
    """Numbered frames of a room that moves."""
    room = _room(*size_px, seed=3)
    for number in range(count):
        picture = np.roll(room, number * 9, axis=1).copy()
        _mark(picture, number)
        yield picture


def until(condition: Callable[[], Any], *, within_s: float = 20.0, what: str = "it") -> Any:
    deadline_s = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, f"{what} did not come about"
        time.sleep(0.02)
    return found


def write_video(path: Path, count: int, *, size_px: tuple[int, int] = (320, 240)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=round(FPS))
        stream.width, stream.height = size_px
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "18"}
        for frame in room_frames(count, size_px=size_px):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "room.h264"
    write_h264(path, room_frames(100), fps=FPS)
    return path


@pytest.fixture
def loopback(settings: Any) -> None:
    """The operator listed the network that the test's camera is in."""
    settings.OPENED_NETWORKS = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def decode() -> Iterator[Callable[[Assignment], DecoderChild]]:
    """Starts decoders that are gone when the test is over."""
    begun: list[DecoderChild] = []

    def begin(task: Assignment) -> DecoderChild:
        begun.append(DecoderChild(task))
        return begun[-1]

    yield begin
    for child in begun:
        child.kill()


__all__ = ["FPS", "number_of", "room_frames", "until", "write_video"]
