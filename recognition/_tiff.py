"""TIFF directories: the whole of a TIFF file's header, and the EXIF block inside other formats.

Reads tags without copying their values. Public surface: ``check_tiff_structures``,
``exif_orientation``, ``read_directory`` and its helpers, and the error ``Malformed``.
"""

from __future__ import annotations

import re
import struct

__all__ = [
    "ORIENTATION_TAG",
    "TIFF_MAGIC",
    "Malformed",
    "byte_order",
    "check_tiff_structures",
    "exif_orientation",
    "first_value",
    "read_directory",
    "values_of",
]

ORIENTATION_TAG = 0x0112
_MAX_TAG_BYTES = 8 * 1024 * 1024  # a CMYK ICC profile is 2 MB; Pillow copies every tag's value
_MAX_TAGS = 2_000  # a camera's largest directory has about 100
_MAX_DIRECTORIES = 16  # main, thumbnail, EXIF, GPS and interoperability are five
_DIRECTORY_TAGS = frozenset({0x014A, 0x8769, 0x8825, 0xA005})  # those that point at another one
_MAX_TIFF_HEADERS = 32  # an HEIF has one or two; 25 MB of random bytes have 0.01
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
TIFF_MAGIC = re.compile(rb"II\*\x00|MM\x00\*")
_Tag = tuple[int, int, int]


class Malformed(Exception):
    """The bytes begin like this format and then break its rules."""


def check_tiff_structures(data: bytes) -> None:
    """Refuse directories whose values, copied out, would weigh more than 8 MB; broken ones too.

    Tags that all point at the same megabytes turn a small file into gigabytes in a reader that
    copies each value, as Pillow does. Counted generously: each entry, a repeated tag as well, of
    every directory that can be reached. Raises ``Malformed``.
    """
    for number, found in enumerate(TIFF_MAGIC.finditer(data)):
        if number >= _MAX_TIFF_HEADERS:
            raise Malformed("too many metadata blocks")
        block = memoryview(data)[found.start() :]
        try:
            order, first = byte_order(block)
        except struct.error:
            continue  # the file's last bytes
        _check_weight(block, order, first)


def _check_weight(block: memoryview, order: str, first: int) -> None:
    waiting, seen, weight = [first], {0}, 0
    while waiting:
        position = waiting.pop()
        if position in seen or position + 2 > len(block):
            continue  # an accident of compressed data, or of no use to a reader either
        seen.add(position)
        (count,) = struct.unpack_from(f"{order}H", block, position)
        if count > _MAX_TAGS or len(seen) > _MAX_DIRECTORIES:
            raise Malformed(f"metadata of {count} entries in {len(seen)} directories")
        try:
            entries, following = _read_entries(block, order, position)
        except struct.error as error:
            raise Malformed("metadata that is cut off") from error
        waiting.append(following)
        for tag, (kind, values, where) in entries:
            weight += _TYPE_SIZES.get(kind, 1) * values
            if tag in _DIRECTORY_TAGS and values == 1 and where + 4 <= len(block):
                waiting += struct.unpack_from(f"{order}I", block, where)
    if weight > _MAX_TAG_BYTES:
        raise Malformed(f"metadata of {weight // 2**20} MB")


def exif_orientation(exif: bytes) -> int:
    """The EXIF orientation 1..8; broken or absent metadata means 1, never an error."""
    try:
        order, first = byte_order(exif)
        tags, _ = read_directory(exif, order, first)
        value = first_value(exif, order, tags.get(ORIENTATION_TAG))
    except (struct.error, Malformed):
        return 1
    return value if value is not None and 1 <= value <= 8 else 1


def byte_order(block: bytes | memoryview) -> tuple[str, int]:
    """``struct``'s sign for the byte order, and where the first directory begins."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(block[:2]))
    if order is None:
        raise Malformed("metadata of unknown byte order")
    magic, first = struct.unpack_from(f"{order}HI", block, 2)
    if magic != 42:
        raise Malformed("metadata without its mark")
    return order, first


def read_directory(
    block: bytes | memoryview, order: str, position: int
) -> tuple[dict[int, _Tag], int]:
    """The tags of one directory as ``(type, count, where the value lies)``, and the next one."""
    entries, following = _read_entries(block, order, position)
    return dict(entries), following


def _read_entries(
    block: bytes | memoryview, order: str, position: int
) -> tuple[list[tuple[int, _Tag]], int]:
    (count,) = struct.unpack_from(f"{order}H", block, position)
    entries: list[tuple[int, _Tag]] = []
    for entry in range(position + 2, position + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", block, entry)
        is_inline = _TYPE_SIZES.get(kind, 1) * values <= 4
        (where,) = (entry + 8,) if is_inline else struct.unpack_from(f"{order}I", block, entry + 8)
        entries.append((tag, (kind, values, where)))
    end = position + 2 + 12 * count
    following = struct.unpack_from(f"{order}I", block, end) if end + 4 <= len(block) else (0,)
    return entries, int(following[0])


def values_of(block: bytes | memoryview, order: str, tag: _Tag) -> tuple[int, ...]:
    kind, count, where = tag
    letter = {1: "B", 3: "H", 4: "I", 13: "I"}.get(kind)
    if letter is None:
        raise Malformed("a size or place that is not a whole number")
    return struct.unpack_from(f"{order}{count}{letter}", block, where)


def first_value(block: bytes | memoryview, order: str, tag: _Tag | None) -> int | None:
    if tag is None or tag[1] < 1:
        return None
    return values_of(block, order, (tag[0], 1, tag[2]))[0]
