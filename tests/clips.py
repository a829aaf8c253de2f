"""Clips of people walking past a camera, with the truth of who passed when.

Photos move through a room, growing and shrinking as faces do that come nearer and leave, under
changing light. Public surface: ``Passage``, ``Walk``, ``walk_past``, ``write_h264``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Passage", "Walk", "number_of", "walk_past", "write_h264"]

Picture = NDArray[np.uint8]

ROOM_GREY = 118
MARK_SIDE_PX = 12
MARK_BITS = 14


@dataclass(frozen=True, slots=True)
class Passage:
    """Who passes, from which frame to which (the last not included)."""

    who: str
    first_frame: int
    end_frame: int


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A clip: its truth, and its frames, which are drawn anew each time they are asked for."""

    fps: float
    passages: tuple[Passage, ...]
    frame_count: int
    width_px: int
    height_px: int
    _photos: tuple[Picture, ...]
    _seed: int

    def frames(self) -> Iterator[Picture]:
        """``(H, W, 3) uint8`` RGB, ``frame_count`` of them."""
        room = _room(self.width_px, self.height_px, seed=self._seed)
        for number in range(self.frame_count):
            picture = room.copy()
            for position, passage in enumerate(self.passages):
                if passage.first_frame <= number < passage.end_frame:
                    _paint(picture, self._photos[position], _progress(passage, number), position)
            _mark(picture, number)
            yield picture


def walk_past(
    people: Sequence[tuple[str, Path]],
    *,
    fps: float = 5.0,
    passage_s: float = 3.0,
    pause_s: float = 1.0,
    size_px: tuple[int, int] = (960, 540),
    seed: int = 7,
) -> Walk:
    """One passage for each ``(who, photo)``, one after the other."""
    length, pause = round(passage_s * fps), round(pause_s * fps)
    passages, at = [], pause
    for who, _ in people:
        passages.append(Passage(who, at, at + length))
        at += length + pause
    photos = tuple(np.asarray(Image.open(path).convert("RGB")) for _, path in people)
    return Walk(fps, tuple(passages), at, *size_px, photos, seed)


def number_of(picture: Picture) -> int:
    """Which frame this is, read from its corner."""
    height = picture.shape[0]
    side = MARK_SIDE_PX
    row = picture[height - side // 2 - 1].mean(axis=1)
    bits = [row[side * bit + side // 2] > 128 for bit in range(MARK_BITS)]
    return sum(1 << bit for bit, is_set in enumerate(bits) if is_set)


def write_h264(path: Path, frames: Iterable[Picture], *, fps: float) -> int:
    """Write the frames as H.264 access units, each preceded by its length (4 bytes, big-endian).

    Encoded as cameras do for low delay: no B-frames, a key frame with its parameters every second.
    ``tests.rtsp`` sends such a file. Returns the number of access units.
    """
    encoder, count = None, 0
    with path.open("wb") as file:
        for frame in frames:
            if encoder is None:
                encoder = _encoder(frame.shape[1], frame.shape[0], fps)
            count += _write(file, encoder.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        if encoder is not None:
            count += _write(file, encoder.encode(None))
    return count


def _mark(picture: Picture, number: int) -> None:
    side = MARK_SIDE_PX
    for bit in range(MARK_BITS):
        picture[-side:, side * bit : side * (bit + 1)] = 255 if number >> bit & 1 else 0


def _encoder(width_px: int, height_px: int, fps: float) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width_px, height_px, "yuv420p"
    encoder.framerate = round(fps)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "21",
        "x264-params": f"keyint={max(round(fps), 1)}:scenecut=0:repeat-headers=1:annexb=1",
    }
    return encoder


def _write(file, packets) -> int:
    for packet in packets:
        unit = bytes(packet)
        file.write(struct.pack(">I", len(unit)) + unit)
    return len(packets)


def _room(width_px: int, height_px: int, *, seed: int) -> Picture:
    """Softly shaded noise: enough structure for an encoder, nothing like a face."""
    rng = np.random.default_rng(seed)
    shade = np.linspace(-18, 18, width_px)[None, :, None] + np.zeros((height_px, 1, 3))
    noise = rng.normal(0, 3, (height_px, width_px, 1))
    return np.clip(ROOM_GREY + shade + noise, 0, 255).astype(np.uint8)


def _progress(passage: Passage, number: int) -> float:
    """From 0 to 1."""
    length = max(passage.end_frame - passage.first_frame - 1, 1)
    return (number - passage.first_frame) / length


def _paint(picture: Picture, photo: Picture, progress: float, position: int) -> None:
    """Lay the photo where the walker is: across the room, nearest in the middle, light changing."""
    nearness = 0.75 + 0.35 * np.sin(np.pi * progress)
    side = round(photo.shape[0] * nearness)
    tilt = 4.0 * np.sin(2 * np.pi * progress + position)
    scaled = Image.fromarray(photo).resize((side, side), Image.Resampling.BILINEAR)
    face = np.asarray(scaled.rotate(tilt, Image.Resampling.BILINEAR, fillcolor=(ROOM_GREY,) * 3))
    light = 0.85 + 0.25 * progress if position % 2 else 1.1 - 0.25 * progress
    face = np.clip(face * light, 0, 255).astype(np.uint8)
    room = picture.shape[1] - side
    x = round(room * (progress if position % 2 else 1.0 - progress))
    y = max((picture.shape[0] - side) // 2, 0)
    height = min(side, picture.shape[0] - y)
    picture[y : y + height, x : x + side] = face[:height]
