"""RTSP and RTSPS, over TCP, by PyAV. Public surface: ``rtsp_frames``."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

import av

from workers.streams.messages import Assignment, Trouble
from workers.streams.pace import Pace
from workers.streams.sources.connection import CameraConnection
from workers.streams.sources.decoded import Decoded, decoded_frame, frames_of_packet
from workers.streams.sources.relay import Relay

__all__ = ["rtsp_frames"]

READ_S: Final = 8.0
_OPEN_S: Final = 10.0

_OPTIONS: Final = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    # The connection of the RTSP client itself; UDP, files and all others stay shut.
    "protocol_whitelist": "tcp",
    "fflags": "nobuffer",
    "flags": "low_delay",
    # The description says what comes; to look into it first would take a second or more.
    "probesize": "32",
    "analyzeduration": "1",
    "fpsprobesize": "0",
}


def rtsp_frames(task: Assignment, *, on_error: Callable[[], None]) -> Iterator[Decoded]:
    connection = CameraConnection(task, is_secure=task.scheme == "rtsps", read_s=READ_S)
    connection.connect()
    relay = Relay(connection.sock)
    try:
        yield from _frames(task, relay, on_error)
    except av.error.FFmpegError as error:
        raise Trouble(_code_of(error, relay)) from None
    finally:
        relay.close()
    raise Trouble(relay.trouble or "closed")


def _frames(task: Assignment, relay: Relay, on_error: Callable[[], None]) -> Iterator[Decoded]:
    login = f"{quote(task.username, safe='')}:{quote(task.password, safe='')}@"
    url = f"rtsp://{login if task.username else ''}127.0.0.1:{relay.port}{task.path}"
    with av.open(url, format="rtsp", options=dict(_OPTIONS), timeout=(_OPEN_S, READ_S)) as opened:
        if not opened.streams.video:
            raise Trouble("unreadable")
        stream = opened.streams.video[0]
        # Threads by frames would each hold one back.
        stream.codec_context.thread_count = 1
        pace, errors = Pace(), list[int]()
        for packet in opened.demux(stream):
            now_s = time.monotonic()
            lag_s = 0.0
            if packet.pts is not None:
                lag_s = pace.lag_s(float(packet.pts * packet.time_base), now_s)
            skew_ms = _skew_ms(packet, lag_s)
            for frame in frames_of_packet(packet, errors, on_error):
                yield decoded_frame(frame, lag_s=lag_s, skew_ms=skew_ms)


def _skew_ms(packet: Any, lag_s: float) -> float | None:
    """From the sender's reports, which tell the camera's own time of a frame."""
    if not packet.has_sidedata("prft"):
        return None
    (wall_us,) = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))
    return float(wall_us) / 1000.0 - (time.time() - lag_s) * 1000.0


def _code_of(error: av.error.FFmpegError, relay: Relay) -> str:
    # The relay may have ended the connection, in which case FFmpeg saw an end only.
    if relay.trouble == "redirected":
        return relay.trouble
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "credentials"
    if isinstance(error, av.error.HTTPClientError):
        return "not_found"
    if isinstance(error, av.error.HTTPServerError):
        return "http"
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return "silent"
    return relay.trouble or "unreadable"
