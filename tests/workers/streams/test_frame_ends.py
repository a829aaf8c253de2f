"""The end of a picture is told behind its last packet, and nothing else is changed."""

from __future__ import annotations

import struct

import pytest

from workers.streams.sources.frame_ends import FrameEnds

DESCRIPTION = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
ANSWER = (
    b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: "
    + str(len(DESCRIPTION)).encode()
    + b"\r\n\r\n"
    + DESCRIPTION
)
PLAY = b"RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"


def packet(
    sequence: int, timestamp: int, *, marked: bool, kind: int = 96, body: bytes = b"\x65pixels"
) -> bytes:
    head = bytes([0x80, kind | (0x80 if marked else 0)])
    rtp = head + struct.pack(">HII", sequence & 0xFFFF, timestamp, 7) + body
    return b"$\x00" + len(rtp).to_bytes(2, "big") + rtp


def pictures(count: int, *, parts: int = 2, first: int = 65_530) -> list[bytes]:
    """Packets of so many pictures; only a picture's last is marked."""
    return [
        packet(first + n * parts + part, n * 3000, marked=part == parts - 1)
        for n in range(count)
        for part in range(parts)
    ]


def packets_of(data: bytes) -> list[tuple[int, int, bytes]]:
    """``(sequence, timestamp, payload)`` of every packet."""
    found = []
    while data:
        assert data[0] == 0x24
        end = 4 + int.from_bytes(data[2:4], "big")
        found.append((*struct.unpack_from(">HI", data, 6), data[16:end]))
        data = data[end:]
    return found


@pytest.mark.parametrize("chunk", [1, 13, 100_000])
def test_each_picture_is_followed_by_its_end_with_no_gap_in_the_numbers(chunk: int) -> None:
    ends, sent, out = FrameEnds(), ANSWER + PLAY + b"".join(pictures(12)), b""
    for at in range(0, len(sent), chunk):
        out += ends.feed(sent[at : at + chunk])
    assert out.startswith(ANSWER + PLAY)
    found = packets_of(out.removeprefix(ANSWER + PLAY))
    numbers = [number for number, _, _ in found]
    assert numbers == [(65_530 + n) & 0xFFFF for n in range(len(found))]
    told = [timestamp for _, timestamp, payload in found if payload == b"\x09\xf0"]
    assert told == [n * 3000 for n in range(5, 12)]


def test_a_camera_that_marks_parts_of_a_picture_is_not_believed() -> None:
    sent = [packet(n, n // 2 * 3000, marked=True) for n in range(60)]
    ends = FrameEnds()
    ends.feed(ANSWER)
    assert ends.feed(b"".join(sent)) == b"".join(sent)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"".join(packet(n, n, marked=True, kind=97) for n in range(30)), id="sound"),
        pytest.param(b"$\x01\x00\x04\x81\xc8\x00\x01" * 30, id="reports"),
        pytest.param(b"$\x00\x00\x00" * 30, id="empty"),
        pytest.param(PLAY * 30, id="answers"),
        pytest.param(bytes(70_000), id="nonsense"),
    ],
)
def test_everything_else_goes_through_as_it_is(sent: bytes) -> None:
    ends = FrameEnds()
    ends.feed(ANSWER)
    assert ends.feed(sent) + ends.feed(b"") == sent


def test_other_codecs_are_left_alone() -> None:
    ends = FrameEnds()
    ends.feed(ANSWER.replace(b"H264", b"JPEG"))
    sent = b"".join(pictures(20))
    assert ends.feed(sent) == sent
