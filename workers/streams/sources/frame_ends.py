"""Tells FFmpeg at once where a picture ends.

RTP marks the last packet of a picture, but FFmpeg's parser does not look at the mark: it hands a
picture on when the next one begins, which at five pictures a second is a fifth of a second late.
Behind each marked packet of H.264 or H.265 a packet is put with an access unit delimiter, which
says the same in a way that the parser understands; the sequence numbers behind it move on.
Public surface: ``FrameEnds``.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["FrameEnds"]

_VIDEO = re.compile(rb"a=rtpmap:(\d{1,3}) (H26[45])/90000", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d{1,7})", re.IGNORECASE)
_DELIMITERS: Final = {b"H264": b"\x09\xf0", b"H265": b"\x46\x01\x50"}
_DOLLAR: Final = 0x24
_MOST_HEAD_BYTES: Final = 65_536
# Some cameras mark parts of a picture; a mark is believed once it has proved right so often.
_PROOFS: Final = 5


class _Track:
    """The pictures on one channel of the connection."""

    def __init__(self) -> None:
        self.added = 0
        self._marked: int | None = None
        self._proofs = 0

    def ends_picture(self, timestamp: int, *, is_marked: bool) -> bool:
        """Whether the packet is surely a picture's last."""
        if self._marked is not None:
            self._proofs = self._proofs + 1 if timestamp != self._marked else -(10**9)
        self._marked = timestamp if is_marked else None
        return is_marked and self._proofs >= _PROOFS


class FrameEnds:
    """What the camera sends in, what FFmpeg is given out. Whatever is not understood goes through
    as it is."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._delimiters: dict[int, bytes] = {}
        self._tracks: dict[int, _Track] = {}
        self._is_lost = False

    def feed(self, data: bytes) -> bytes:
        if self._is_lost:
            return data
        self._buffer += data
        out = bytearray()
        while (message := self._next()) is not None:
            out += message
        if self._is_lost:
            out += self._buffer
            self._buffer.clear()
        return bytes(out)

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        if buffer[0] == _DOLLAR:
            end = 4 + int.from_bytes(buffer[2:4], "big")
        else:
            head = buffer.find(b"\r\n\r\n")
            if head < 0:
                self._is_lost = len(buffer) > _MOST_HEAD_BYTES
                return None
            length = _LENGTH.search(buffer, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
        if len(buffer) < end:
            return None
        message = bytes(buffer[:end])
        del buffer[:end]
        if message[0] == _DOLLAR:
            return self._packet(message)
        for number, name in _VIDEO.findall(message):
            self._delimiters[int(number)] = _DELIMITERS[name.upper()]
        return message

    def _packet(self, message: bytes) -> bytes:
        delimiter = self._delimiters.get(message[5] & 0x7F) if len(message) >= 16 else None
        if delimiter is None or message[4] >> 6 != 2:
            return message
        channel = message[1]
        track = self._tracks.setdefault(channel, _Track())
        sequence = int.from_bytes(message[6:8], "big")
        timestamp = int.from_bytes(message[8:12], "big")
        number = (sequence + track.added) & 0xFFFF
        packet = message[:6] + number.to_bytes(2, "big") + message[8:]
        if not track.ends_picture(timestamp, is_marked=bool(message[5] & 0x80)):
            return packet
        track.added += 1
        following = ((number + 1) & 0xFFFF).to_bytes(2, "big")
        payload_type = message[5] & 0x7F
        end = b"\x80" + bytes([payload_type]) + following + message[8:16] + delimiter
        return packet + b"$" + bytes([channel]) + len(end).to_bytes(2, "big") + end
