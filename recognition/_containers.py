"""What a picture file says about itself, read from its bytes alone.

No pixel is decoded and nothing is allocated in proportion to the claimed size, so a header that
lies costs nothing. Public surface (for ``recognition.intake`` and ``recognition.images``):
``read_header``, ``without_metadata`` and the errors ``Malformed``, ``Truncated``, ``Unsupported``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recognition._tiff import (
    ORIENTATION_TAG,
    TIFF_MAGIC,
    Malformed,
    byte_order,
    check_tiff_structures,
    exif_orientation,
    first_value,
    read_directory,
    values_of,
)

__all__ = [
    "Header",
    "ImageFormat",
    "Malformed",
    "Truncated",
    "Unsupported",
    "read_header",
    "without_metadata",
]

ImageFormat = Literal["jpeg", "png", "webp", "heif", "avif", "bmp", "tiff"]

_MAX_JPEG_SCANS = 100  # real progressive files have about 10; each scan costs a full decoding pass
_MAX_CHUNKS = 20_000  # a 25 MB PNG in 8 KB pieces has 3,200
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Truncated(Malformed):
    """The bytes stop before the picture does."""


class Unsupported(Exception):
    """A picture, but of a kind that is not accepted."""


@dataclass(frozen=True, slots=True)
class Header:
    """Stored size (before orientation), EXIF orientation 1..8, and what else was declared.

    ``width_px`` is 0 for HEIF and AVIF, whose boxes only their own library resolves.
    """

    format: ImageFormat
    width_px: int
    height_px: int
    orientation: int = 1
    components: int = 3
    pictures: int = 1
    is_truncated: bool = False


def read_header(data: bytes) -> Header:
    """Read the header by magic bytes; a file's name or declared type plays no part.

    Raises ``Malformed`` for anything that is no picture, ``Truncated`` where the bytes end before
    the size is known, ``Unsupported`` for pictures of a kind that is not accepted.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _read_jpeg(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _read_png(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _read_webp(data)
        if data[4:8] == b"ftyp":
            return _read_iso_media(data)
        if data[:2] == b"BM":
            return _read_bmp(data)
        if TIFF_MAGIC.match(data):
            return _read_tiff(data)
    except (struct.error, IndexError) as error:
        raise Truncated("the header is cut off") from error
    _refuse_known_strangers(data)
    raise Malformed("it begins like no picture format")


def without_metadata(data: bytes) -> bytes:
    """Copy a JPEG without EXIF, XMP, comments and the like; JFIF, ICC and Adobe marks stay.

    Pillow parses EXIF while opening and keeps comments while saving: what is gone cannot hurt or
    leak. Anything after the first picture (a second one, a ZIP archive) goes too.
    """
    kept = [data[:2]]
    end = 2
    for marker, start, stop in _jpeg_segments(data):
        is_dropped = marker == 0xFE or (0xE0 <= marker <= 0xEF and marker not in {0xE0, 0xE2, 0xEE})
        if not is_dropped:
            kept.append(data[start:stop])
        end = stop
    if end < len(data) and not kept[-1].endswith(b"\xff\xd9"):
        kept.append(data[end:])
    return b"".join(kept)


def _refuse_known_strangers(data: bytes) -> None:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    named = {
        b"gif8": "GIF",
        b"%pdf": "PDF",
        b"8bps": "Photoshop",
        b"<svg": "SVG",
        b"ii+\x00": "BigTIFF",
        b"mm\x00+": "BigTIFF",
        b"\x00\x00\x00\x0cjp": "JPEG 2000",
        b"\xff\x4f\xff\x51": "JPEG 2000",
        b"\x00\x00\x00\x0cjxl": "JPEG XL",
        b"\xff\x0a": "JPEG XL",
        b"\x00\x00\x01\x00": "ICO",
    }
    for magic, name in named.items():
        if start.startswith(magic) or data[:8].lower().startswith(magic):
            raise Unsupported(name)
    if start.startswith(b"<?xml") and b"<svg" in start:
        raise Unsupported("SVG")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield ``(marker, start, stop)`` up to and with EOI; a scan's coded data belongs to its SOS.

    Stops early, without EOI, where the bytes end.
    """
    position = 2
    while True:
        while (
            data[position : position + 2] == b"\xff\xff"
        ):  # fill bytes are allowed before a marker
            position += 1
        if position + 2 > len(data):
            return
        if data[position] != 0xFF:
            raise Malformed("a JPEG segment does not begin with a marker")
        marker = data[position + 1]
        if marker == 0xD9:
            yield marker, position, position + 2
            return
        if position + 4 > len(data):
            return
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        stop = position + 2 + length
        if length < 2:
            raise Malformed("a JPEG segment has no length")
        if stop > len(data):
            return
        if marker == 0xDA:
            following = _JPEG_MARKER.search(data, stop)
            stop = following.start() if following else len(data)
        yield marker, position, stop
        position = stop


def _read_jpeg(data: bytes) -> Header:
    size: tuple[int, int, int] | None = None
    orientation = 0
    scans = 0
    marker = 0
    for marker, start, stop in _jpeg_segments(data):
        if marker in _SOF_MARKERS:
            precision, height, width, components = struct.unpack_from(">BHHB", data, start + 4)
            if size is not None:
                raise Malformed("a JPEG with two frame headers")
            if precision != 8 or components not in {1, 3, 4}:
                raise Unsupported(f"{precision}-bit JPEG with {components} channels")
            size = (width, height, components)
        elif marker == 0xE1 and not orientation and data[start + 4 : start + 10] == b"Exif\x00\x00":
            orientation = exif_orientation(data[start + 10 : stop])
        elif marker == 0xDA:
            scans += 1
            if scans > _MAX_JPEG_SCANS:
                raise Malformed(f"a JPEG with more than {_MAX_JPEG_SCANS} scans")
    if size is None:
        raise Truncated("the JPEG ends before its size is told")
    return Header(
        "jpeg",
        size[0],
        size[1],
        orientation=orientation or 1,
        components=size[2],
        is_truncated=marker != 0xD9 or scans == 0,
    )


def _read_png(data: bytes) -> Header:
    length, kind, width, height = struct.unpack_from(">I4sII", data, 8)
    if kind != b"IHDR" or length != 13:
        raise Malformed("a PNG without its header chunk")
    orientation, pictures, position = 1, 1, 8
    is_complete = has_pixels = False
    for _ in range(_MAX_CHUNKS):
        if position + 12 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, position)
        if position + 12 + length > len(data):
            break
        if kind == b"acTL":
            pictures = max(2, int.from_bytes(data[position + 8 : position + 12], "big"))
        elif kind == b"eXIf":
            orientation = exif_orientation(data[position + 8 : position + 8 + length])
        elif kind == b"IDAT":
            has_pixels = True
        elif kind == b"IEND":
            is_complete = has_pixels
            break
        position += 12 + length
    else:
        raise Malformed(f"a PNG with more than {_MAX_CHUNKS} chunks")
    return Header(
        "png",
        width,
        height,
        orientation=orientation,
        pictures=pictures,
        is_truncated=not is_complete,
    )


def _read_webp(data: bytes) -> Header:
    riff_size = int.from_bytes(data[4:8], "little")
    stop = min(len(data), riff_size + 8)
    size: tuple[int, int] | None = None
    orientation, pictures, position = 1, 1, 12
    has_pixels = False
    for _ in range(_MAX_CHUNKS):
        if position + 8 > stop:
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        body = position + 8
        found = _webp_size(kind, data, body)
        if found is not None and size is None:
            size = found
        if kind == b"VP8X" and data[body] & 0x02:
            pictures = 2
        elif kind in {b"VP8 ", b"VP8L"}:
            has_pixels = True
        elif kind == b"EXIF":
            orientation = exif_orientation(data[body : body + length].removeprefix(b"Exif\x00\x00"))
        position = body + length + (length & 1)
    else:
        raise Malformed(f"a WebP with more than {_MAX_CHUNKS} chunks")
    if size is None:
        raise Truncated("the WebP ends before its size is told")
    is_truncated = riff_size + 8 > len(data) or (pictures == 1 and not has_pixels)
    return Header(
        "webp",
        size[0],
        size[1],
        orientation=orientation,
        pictures=pictures,
        is_truncated=is_truncated,
    )


def _webp_size(kind: bytes, data: bytes, body: int) -> tuple[int, int] | None:
    if kind == b"VP8X":
        width = int.from_bytes(data[body + 4 : body + 7], "little") + 1
        height = int.from_bytes(data[body + 7 : body + 10], "little") + 1
        return width, height
    if kind == b"VP8 ":
        if data[body + 3 : body + 6] != b"\x9d\x01\x2a":
            raise Malformed("a WebP whose picture does not begin with a key frame")
        width, height = struct.unpack_from("<HH", data, body + 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(data[body + 1 : body + 5], "little")
        if data[body] != 0x2F:
            raise Malformed("a WebP with a wrong lossless signature")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _read_iso_media(data: bytes) -> Header:
    length = int.from_bytes(data[:4], "big")
    if not 16 <= length <= 1024:
        raise Malformed("a media file with a broken type box")
    brands = {data[8:12]} | {data[i : i + 4] for i in range(16, min(length, len(data)), 4)}
    is_avif = bool(brands & {b"avif", b"avis"})
    if not is_avif and not brands & {b"heic", b"heix", b"heim", b"heis", b"mif1", b"hevc", b"hevx"}:
        raise Unsupported(f"media file of type {data[8:12].decode('latin-1').strip()!r}")
    position = 0
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(data):
            break
        length = int.from_bytes(data[position : position + 4], "big")
        if length == 1:
            length = int.from_bytes(data[position + 8 : position + 16], "big")
        elif length == 0:
            length = len(data) - position
        if length < 8:
            raise Malformed("a media file with an empty box")
        position += length
    check_tiff_structures(data)
    return Header(
        "avif" if is_avif else "heif",
        0,
        0,
        pictures=2 if data[8:12] == b"avis" else 1,
        is_truncated=position > len(data),
    )


def _read_bmp(data: bytes) -> Header:
    pixels_at, info_size = struct.unpack_from("<II", data, 10)
    if info_size == 12:
        width, height, planes, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    elif 40 <= info_size <= 124:
        width, height, planes, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    else:
        raise Malformed("a BMP with an unknown header")
    if planes != 1 or bits not in {1, 4, 8, 16, 24, 32} or width <= 0:
        raise Malformed("a BMP with an impossible header")
    if compression not in {0, 3}:
        raise Unsupported("compressed BMP")
    height = abs(height)  # negative means that rows run from the top
    stride = (width * bits + 31) // 32 * 4
    return Header("bmp", width, height, is_truncated=pixels_at + stride * height > len(data))


def _read_tiff(data: bytes) -> Header:
    check_tiff_structures(data)
    order, first = byte_order(data)
    tags, following = read_directory(data, order, first)
    width = first_value(data, order, tags.get(0x0100))
    height = first_value(data, order, tags.get(0x0101))
    if not width or not height:
        raise Malformed("a TIFF that does not tell its size")
    orientation = first_value(data, order, tags.get(ORIENTATION_TAG)) or 1
    offsets = tags.get(0x0111) or tags.get(0x0144)
    counts = tags.get(0x0117) or tags.get(0x0145)
    if offsets is None or counts is None:
        raise Malformed("a TIFF that does not tell where its pixels are")
    if 5 <= orientation <= 8:
        width, height = height, width
    ends = zip(values_of(data, order, offsets), values_of(data, order, counts), strict=False)
    return Header(
        "tiff",
        width,
        height,  # already upright: Pillow turns a TIFF itself while loading it
        pictures=2 if following else 1,
        is_truncated=any(offset + count > len(data) for offset, count in ends),
    )
