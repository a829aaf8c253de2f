"""JPEG pictures in one endless HTTP answer. Public surface: ``mjpeg_frames``, ``PartReader``."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Final

from workers.streams.messages import Assignment, Trouble
from workers.streams.sources.decoded import Decoded, decoded_jpeg
from workers.streams.sources.http import CameraClient
from workers.streams.sources.snapshot import MOST_BYTES

__all__ = ["PartReader", "mjpeg_frames"]

_CHUNK: Final = 262_144
_MOST_HEAD_BYTES: Final = 8192


def mjpeg_frames(task: Assignment) -> Iterator[Decoded]:
    client = CameraClient(task)
    try:
        answer = client.get()
        if answer.headers.get_content_maintype() != "multipart":
            raise Trouble("unreadable")
        reader = PartReader(answer.headers.get_param("boundary"))
        while data := answer.read1(_CHUNK):
            # Of several that came at once only the newest is of interest.
            for part in reader.feed(data)[-1:]:
                yield decoded_jpeg(part, skew_ms=client.skew_ms)
    except TimeoutError:
        raise Trouble("silent") from None
    except (OSError, http.client.HTTPException):
        raise Trouble("closed") from None
    finally:
        client.close()
    raise Trouble("closed")


class PartReader:
    """Takes the parts out of a multipart stream, however it is cut. Raises ``Trouble``.

    Cameras write the boundary with or without its dashes, and a length or none.
    """

    def __init__(self, boundary: object) -> None:
        name = str(boundary or "").strip('" ').lstrip("-")
        if not name:
            raise Trouble("unreadable")
        self._boundary = name.encode("latin-1", "replace")
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self._buffer += data
        parts = []
        while (part := self._next()) is not None:
            parts.append(part)
        if len(self._buffer) > MOST_BYTES + _MOST_HEAD_BYTES:
            raise Trouble("too_large")
        return parts

    def _next(self) -> bytes | None:
        buffer = self._buffer
        at = buffer.find(self._boundary)
        if at < 0:
            return None
        begin = at + len(self._boundary)
        end = buffer.find(b"\r\n\r\n", begin)
        if end < 0:
            if len(buffer) - begin > _MOST_HEAD_BYTES:
                raise Trouble("unreadable")
            return None
        length = _length_of(bytes(buffer[begin:end]))
        body = end + 4
        if length is None:
            after = buffer.find(b"--" + self._boundary, body)
            if after < 0:
                return None
            length = len(bytes(buffer[body:after]).rstrip(b"\r\n"))
        elif length > MOST_BYTES:
            raise Trouble("too_large")
        elif len(buffer) < body + length:
            return None
        part = bytes(buffer[body : body + length])
        del buffer[: body + length]
        return part


def _length_of(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return None
