"""The newest frame of one camera, in memory that its decoder shares with the streams' process.

Nothing is queued: a frame that was not fetched is overwritten by the next one.
Public surface: ``SlotWriter``, ``SlotReader``, ``SlotFrame``, ``LONGEST_SIDE_PX``.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture

__all__ = ["LONGEST_SIDE_PX", "SlotFrame", "SlotReader", "SlotWriter"]

LONGEST_SIDE_PX: Final = 1920

# While one is read and one is written, the third is complete.
_BUFFERS: Final = 3
_BUFFER_BYTES: Final = LONGEST_SIDE_PX * LONGEST_SIDE_PX * 3
_HEAD_BYTES: Final = mmap.PAGESIZE
_TOTAL_BYTES: Final = _HEAD_BYTES + _BUFFERS * _BUFFER_BYTES

# Eight bytes each, so that no value is ever seen half written.
_BUFFER = np.dtype([("sequence", "u8"), ("width", "u8"), ("height", "u8"), ("at_s", "f8")])
_HEAD = np.dtype(
    [
        ("sequence", "u8"),
        ("decoded", "u8"),
        ("errors", "u8"),
        ("decoded_at_s", "f8"),
        ("skew_ms", "f8"),
        ("width", "u8"),
        ("height", "u8"),
        ("buffers", _BUFFER, (_BUFFERS,)),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class SlotFrame:
    """``at_s`` is when it was captured, by ``time.monotonic()`` (of all processes here)."""

    sequence: int
    picture: Picture
    at_s: float


class _Slot:
    def __init__(self, fd: int) -> None:
        self._memory = mmap.mmap(fd, _TOTAL_BYTES)
        self._head: NDArray[Any] = np.frombuffer(self._memory, _HEAD, count=1)
        self._pixels: NDArray[np.uint8] = np.frombuffer(
            self._memory, np.uint8, offset=_HEAD_BYTES
        ).reshape(_BUFFERS, _BUFFER_BYTES)

    @property
    def head(self) -> Any:
        return self._head[0]


class SlotWriter(_Slot):
    """The decoder's end."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self.head["skew_ms"] = np.nan

    def tick(self, *, width: int, height: int, skew_ms: float | None) -> None:
        """A frame was decoded, whether it will be looked at or not."""
        head = self.head
        if width and height:
            head["width"], head["height"] = width, height
        if skew_ms is not None:
            head["skew_ms"] = skew_ms
        head["decoded"] += 1
        head["decoded_at_s"] = time.monotonic()

    def error(self) -> None:
        self.head["errors"] += 1

    def write(self, picture: Picture, *, at_s: float) -> None:
        sequence = int(self.head["sequence"]) + 1
        number = sequence % _BUFFERS
        buffer = self.head["buffers"][number]
        buffer["sequence"] = 0
        self._pixels[number, : picture.size].reshape(picture.shape)[...] = picture
        buffer["height"], buffer["width"] = picture.shape[:2]
        buffer["at_s"] = at_s
        buffer["sequence"] = sequence
        self.head["sequence"] = sequence


class SlotReader(_Slot):
    """The streams' end. It makes the memory; ``fd`` is what the decoder inherits."""

    def __init__(self) -> None:
        self.fd = _anonymous_file()
        super().__init__(self.fd)

    @property
    def sequence(self) -> int:
        return int(self.head["sequence"])

    def newest(self, *, after: int) -> SlotFrame | None:
        """A copy of the newest frame, where it is newer than ``after``."""
        for _ in range(_BUFFERS):
            sequence = self.sequence
            if sequence <= after:
                return None
            number = sequence % _BUFFERS
            buffer = self.head["buffers"][number].copy()
            height, width = int(buffer["height"]), int(buffer["width"])
            size = height * width * 3
            # The decoder works on what strangers send: its numbers are not believed.
            if not 0 < size <= _BUFFER_BYTES:
                return None
            picture = self._pixels[number, :size].reshape(height, width, 3).copy()
            if int(self.head["buffers"][number]["sequence"]) == sequence:
                at_s = min(float(buffer["at_s"]), time.monotonic())
                return SlotFrame(sequence, picture, at_s)
        return None

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("gatehouse-frames")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, _TOTAL_BYTES)
    return fd
