"""One frame as a source gives it away; turned into RGB only if it is looked at.

Public surface: ``Decoded``, ``decoded_frame``, ``decoded_jpeg``, ``frames_of_packet``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.errors import ImageRejected
from recognition.images import decode_image
from workers.streams.messages import Trouble
from workers.streams.slot import LONGEST_SIDE_PX

__all__ = ["MOST_PIXELS", "Decoded", "decoded_frame", "decoded_jpeg", "frames_of_packet"]

MOST_PIXELS: Final = 40_000_000
# In a row: a stream that yields nothing else is no stream.
_MOST_ERRORS: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """``luma`` and ``picture`` are made when called; ``None`` of the former is a picture that
    cannot be read. ``lag_s`` is how long ago it was captured, ``skew_ms`` by how much the
    camera's clock is ahead of ours, where it tells the time."""

    width_px: int
    height_px: int
    luma: Callable[[], NDArray[np.uint8] | None]
    picture: Callable[[], Picture]
    lag_s: float = 0.0
    skew_ms: float | None = None


def decoded_frame(frame: Any, *, lag_s: float = 0.0, skew_ms: float | None = None) -> Decoded:
    """A frame of PyAV."""
    if frame.width * frame.height > MOST_PIXELS:
        raise Trouble("too_large")

    def luma() -> NDArray[np.uint8]:
        if frame.format.name in {"yuv420p", "yuvj420p", "nv12", "yuv422p", "yuvj422p", "gray"}:
            plane = frame.planes[0]
            rows: NDArray[np.uint8] = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            return rows[: frame.height, : frame.width]
        grey: NDArray[np.uint8] = frame.to_ndarray(format="gray")
        return grey

    def picture() -> Picture:
        scale = min(1.0, LONGEST_SIDE_PX / max(frame.width, frame.height))
        width, height = max(round(frame.width * scale), 1), max(round(frame.height * scale), 1)
        pixels: Picture = frame.to_ndarray(format="rgb24", width=width, height=height)
        return pixels

    return Decoded(frame.width, frame.height, luma, picture, lag_s, skew_ms)


def decoded_jpeg(data: bytes, *, skew_ms: float | None = None) -> Decoded:
    """A picture file; decoded once, if it is asked for, within the limits of all pictures."""
    made: list[Picture] = []

    def luma() -> NDArray[np.uint8] | None:
        try:
            made.append(decode_image(data, max_side_px=LONGEST_SIDE_PX).picture)
        except ImageRejected:
            return None
        # Green is most of what the eye calls brightness.
        return made[0][:, :, 1]

    return Decoded(0, 0, luma, lambda: made[0], skew_ms=skew_ms)


def frames_of_packet(packet: Any, errors: list[int], on_error: Callable[[], None]) -> Iterator[Any]:
    """Decode one packet; ``errors`` counts those in a row. Raises ``Trouble`` for too many."""
    import av

    try:
        frames = packet.decode()
    except (av.error.InvalidDataError, ValueError):
        on_error()
        errors.append(1)
        if len(errors) > _MOST_ERRORS:
            raise Trouble("unreadable") from None
        return
    if frames:
        errors.clear()
    yield from frames
