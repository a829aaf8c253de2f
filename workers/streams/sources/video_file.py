"""A video file, played at its own pace. Public surface: ``file_frames``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import av

from workers.streams.messages import Assignment, Trouble
from workers.streams.sources.decoded import Decoded, decoded_frame, frames_of_packet

__all__ = ["file_frames"]

_OPTIONS: Final = {
    "protocol_whitelist": "file",
    # Not the formats that are lists of other files (HLS, concat, DASH, SDP).
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,h264,hevc,flv,ogg,asf",
}
# A gap in a file's times is not waited for longer than this.
_LONGEST_WAIT_S: Final = 2.0


def file_frames(task: Assignment, *, on_error: Callable[[], None]) -> Iterator[Decoded]:
    try:
        yield from _once(task.path, on_error)
    except av.error.FileNotFoundError:
        raise Trouble("file") from None
    except av.error.FFmpegError:
        raise Trouble("unreadable") from None


def _once(path: str, on_error: Callable[[], None]) -> Iterator[Decoded]:
    with av.open(path, options=dict(_OPTIONS)) as opened:
        if not opened.streams.video:
            raise Trouble("unreadable")
        stream = opened.streams.video[0]
        stream.codec_context.thread_count = 1
        begun_s, first_s, errors = time.monotonic(), None, list[int]()
        for packet in opened.demux(stream):
            for frame in frames_of_packet(packet, errors, on_error):
                if frame.time is not None:
                    first_s = frame.time if first_s is None else first_s
                    wait_s = begun_s + frame.time - first_s - time.monotonic()
                    time.sleep(min(max(wait_s, 0.0), _LONGEST_WAIT_S))
                yield decoded_frame(frame)
