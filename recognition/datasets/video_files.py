"""Video files as upright pictures, one frame after the other in bounded memory.

Public surface: ``VideoRejected``, ``video_frames``, and ``OPEN_OPTIONS`` for whoever opens one itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from recognition.contracts import Picture
from recognition.errors import RecognitionError

__all__ = ["OPEN_OPTIONS", "VideoRejected", "video_frames"]

OPEN_OPTIONS: Final = {
    "protocol_whitelist": "file",
    # Not the formats that are lists of other files (HLS, concat, DASH, SDP).
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,flv,"
    "ogg,asf,yuv4mpegpipe",
}
_MOST_PIXELS = 40_000_000
_LONGEST_SIDE_PX = 2560  # as pictures are decoded
_MOST_ERRORS = 100  # in a row: FaceNet's scripts gave up after so many failed reads


class VideoRejected(RecognitionError):
    """A file from which not one picture can be had."""

    code = "video.unreadable"


def video_frames(path: Path) -> Iterator[Picture]:
    """``(H, W, 3) uint8`` RGB, turned as the file's display matrix says, shrunk to 2,560 px.

    Damaged packets are passed over; a file that breaks off ends there. Raises ``VideoRejected``
    for a file that cannot be opened, has no video or not one frame that decodes.
    """
    import av

    count = 0
    try:
        with av.open(str(path), options=dict(OPEN_OPTIONS)) as opened:
            if not opened.streams.video:
                raise VideoRejected(
                    f"{path} has no video in it; expected an mp4, mkv, mov or the like."
                )
            stream = opened.streams.video[0]
            stream.codec_context.thread_count = 1
            for frame in _decoded(opened, stream):
                yield _picture(frame, path)
                count += 1
    except av.error.FFmpegError as error:
        if not count:
            raise VideoRejected(
                f"{path} is no video that can be read ({error.strerror}); expected an mp4, mkv, mov "
                "or the like. Play it once to see whether it is damaged."
            ) from error
    if not count:
        raise VideoRejected(f"{path} holds not one frame that can be decoded. Copy it again.")


def _decoded(opened: Any, stream: Any) -> Iterator[Any]:
    import av

    errors = 0
    for packet in opened.demux(stream):
        try:
            frames = packet.decode()
        except (av.error.InvalidDataError, ValueError):
            errors += 1
            if errors > _MOST_ERRORS:
                return
            continue
        errors = 0 if frames else errors
        yield from frames


def _picture(frame: Any, path: Path) -> Picture:
    if frame.width * frame.height > _MOST_PIXELS:
        raise VideoRejected(
            f"{path} has frames of {frame.width} x {frame.height} px; at most "
            f"{_MOST_PIXELS / 1e6:g} megapixels are read.",
            code="video.too_large",
        )
    scale = min(1.0, _LONGEST_SIDE_PX / max(frame.width, frame.height))
    width, height = max(round(frame.width * scale), 1), max(round(frame.height * scale), 1)
    pixels: Picture = frame.to_ndarray(format="rgb24", width=width, height=height)
    turns = round(frame.rotation / 90) % 4  # counter-clockwise, as numpy turns
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels
