"""Boxes and names drawn over a frame, and frames written to a video.

Public surface: ``draw_overlay``, ``VideoOutput``, ``frame_rate_of``.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recognition.contracts import Picture
from recognition.datasets.video_files import OPEN_OPTIONS
from recognition.pipeline.watching import WatchedFrame

__all__ = ["VideoOutput", "draw_overlay", "frame_rate_of"]

_MATCH, _OTHER, _TEXT = (47, 158, 110), (196, 120, 26), (255, 255, 255)
_FALLBACK_RATE = Fraction(25)
_CODEC_OPTIONS = {"preset": "veryfast", "crf": "23"}


def draw_overlay(frame: WatchedFrame) -> Picture:
    """A copy with every face's box and label, and the frame rate in the corner."""
    image = Image.fromarray(frame.picture)
    draw = ImageDraw.Draw(image)
    size = max(12, frame.picture.shape[0] // 32)
    font = ImageFont.load_default(size)
    for face in frame.faces:
        box = face.box
        colour = _MATCH if face.decision.kind == "match" else _OTHER
        corners = (box.x, box.y, box.x + box.width, box.y + box.height)
        draw.rectangle(corners, outline=colour, width=max(2, size // 8))
        _label(draw, (box.x, max(box.y - size - 4, 0.0)), face.label, colour, font)
    _label(draw, (4.0, 4.0), f"{frame.frames_per_s:.1f} fps", (60, 60, 60), font)
    return np.asarray(image, np.uint8)


class VideoOutput:
    """An H.264 file in mp4, at a steady frame rate; whole once the ``with`` block ends.

    Its size is that of the first frame, less a pixel where that is odd. Raises ``OSError`` where it
    cannot be written.
    """

    def __init__(self, path: Path, *, frames_per_s: Fraction) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        self._rate = frames_per_s
        self._file: Any = None
        self._stream: Any = None

    def __enter__(self) -> Self:
        self._draft.touch(mode=0o600, exist_ok=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._file is None:
                return
            with closing(self._file):
                if kind is None:
                    for packet in self._stream.encode(None):
                        self._file.mux(packet)
            if kind is None:
                self._draft.replace(self._path)
        finally:
            self._draft.unlink(missing_ok=True)

    def write(self, picture: Picture) -> None:
        import av

        height, width = (side - side % 2 for side in picture.shape[:2])
        if self._file is None:
            self._file = av.open(str(self._draft), "w", format="mp4")
            self._stream = self._file.add_stream("libx264", rate=self._rate)
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = "yuv420p"
            self._stream.options = dict(_CODEC_OPTIONS)
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(picture[: self._stream.height, : self._stream.width]), "rgb24"
        )
        for packet in self._stream.encode(frame):
            self._file.mux(packet)


def frame_rate_of(path: Path) -> Fraction:
    """The file's mean frame rate, 25 where it does not say or cannot be read."""
    import av

    try:
        with av.open(str(path), options=dict(OPEN_OPTIONS)) as opened:
            rates = [stream.average_rate for stream in opened.streams.video]
    except av.error.FFmpegError:
        return _FALLBACK_RATE
    return Fraction(rates[0]) if rates and rates[0] else _FALLBACK_RATE


def _label(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    colour: tuple[int, int, int],
    font: Any,
) -> None:
    left, top, right, bottom = draw.textbbox(at, text, font=font)
    draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), fill=colour)
    draw.text(at, text, fill=_TEXT, font=font)
