"""TensorFlow's record files of labelled pictures, read without TensorFlow.

A record is its length (uint64), a checksum of that, its bytes and a checksum of those; here each
holds a ``tf.train.Example`` with a picture's file and its label. Public surface:
``decode_tfrecords``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from recognition.datasets._folders import require_empty
from recognition.datasets.archives import SUFFIXES, TableReport, safe_name
from recognition.datasets.errors import DatasetRejected
from recognition.errors import ImageRejected
from recognition.intake import inspect_image

__all__ = ["decode_tfrecords"]

_HEAD = struct.Struct("<QI")
_FOOT = struct.Struct("<I")
_MASK = 0xA282EAD8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}


def decode_tfrecords(
    paths: Sequence[Path],
    out: Path,
    *,
    picture_key: str = "image/encoded",
    label_key: str = "image/class/label",
) -> TableReport:
    """Write the pictures of all records to ``out/<label>/<file>-<record>.<format>``, as they are.

    The label is a text or a whole number. A record whose checksum, features or picture are wrong is
    left out and named; behind a wrong length nothing of that file can be found any more. Raises
    ``DatasetRejected`` for an ``out`` with something in it and where no picture is left, ``OSError``
    where a file cannot be read or written.
    """
    require_empty(out)
    skipped: list[str] = []
    classes: set[str] = set()
    written: set[Path] = set()
    for path in paths:
        for number, found in _records(path):
            try:
                if isinstance(found, ValueError):
                    raise found
                features = _features(found)
                data, label = _picture(features, picture_key), _label(features, label_key)
                kind = inspect_image(data).format
            except (ValueError, ImageRejected) as error:
                skipped.append(f"{path}, record {number}: {error}")
                continue
            suffix = SUFFIXES.get(kind, f".{kind}")
            target = out / safe_name(label) / f"{safe_name(path.name)}-{number:08d}{suffix}"
            if target in written:
                skipped.append(f"{path}, record {number}: {target.name} came before")
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            written.add(target)
            classes.add(target.parent.name)
    if not written:
        raise DatasetRejected(
            f"No record holds a picture in {picture_key!r} with a label in {label_key!r}"
            + (f"; the first: {skipped[0]}" if skipped else ": the files are empty.")
        )
    return TableReport(len(written), len(classes), tuple(skipped))


def _records(path: Path) -> Iterator[tuple[int, bytes | ValueError]]:
    """Every record from 1 on, or what is wrong with it."""
    try:
        left = path.stat().st_size
        opened = path.open("rb")
    except OSError as error:
        raise DatasetRejected(f"{path} cannot be read: {error.strerror or error}.") from error
    with opened as file:
        number = 0
        while left:
            number += 1
            head = file.read(_HEAD.size)
            left -= len(head)
            if len(head) < _HEAD.size:
                yield number, ValueError("the file is cut off in a record's length.")
                return
            length, checksum = _HEAD.unpack(head)
            if _masked(head[:8]) != checksum:
                yield (
                    number,
                    ValueError(
                        "its length does not fit its checksum: the file is damaged from here on, or "
                        "holds no records."
                    ),
                )
                return
            if length + _FOOT.size > left:
                yield number, ValueError(f"the file is cut off; {length:,} bytes were to follow.")
                return
            left -= length + _FOOT.size
            yield number, _content(file, length)


def _content(file: BinaryIO, length: int) -> bytes | ValueError:
    data = file.read(length)
    (checksum,) = _FOOT.unpack(file.read(_FOOT.size))
    return data if _masked(data) == checksum else ValueError("its bytes do not fit their checksum.")


def _picture(features: dict[str, list[bytes | int]], key: str) -> bytes:
    value = _only(features, key)
    if not isinstance(value, bytes):
        raise ValueError(f"{key!r} is no picture's bytes.")
    return value


def _label(features: dict[str, list[bytes | int]], key: str) -> str:
    value = _only(features, key)
    if isinstance(value, int):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{key!r} is no text.") from None


def _only(features: dict[str, list[bytes | int]], key: str) -> bytes | int:
    values = features.get(key)
    if values is None:
        raise ValueError(f"it has no {key!r}, but {', '.join(sorted(features)) or 'nothing'}.")
    if len(values) != 1:
        raise ValueError(f"{key!r} has {len(values)} values; one was expected.")
    return values[0]


def _features(example: bytes) -> dict[str, list[bytes | int]]:
    """Texts and whole numbers of a ``tf.train.Example`` by name; fractions are passed over."""
    found: dict[str, list[bytes | int]] = {}
    for features in _texts(example, 1):
        for entry in _texts(features, 1):
            (key,) = list(_texts(entry, 1))[-1:] or [b""]
            values: list[bytes | int] = []
            for feature in _texts(entry, 2):
                for text_list in _texts(feature, 1):
                    values += _texts(text_list, 1)
                for number_list in _texts(feature, 3):
                    values += _numbers(number_list)
            found[key.decode(errors="replace")] = values
    return found


def _texts(message: bytes, wanted: int) -> Iterator[bytes]:
    for number, value in _fields(message):
        if number == wanted and isinstance(value, bytes):
            yield value


def _numbers(message: bytes) -> Iterator[int]:
    """int64 of field 1, one by one or packed."""
    for number, value in _fields(message):
        if number != 1:
            continue
        if isinstance(value, int):
            yield _signed(value)
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            yield _signed(one)


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """A protocol buffer's fields; those of a fixed width are passed over."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in _WIDTHS:
            length = _WIDTHS[kind]
        else:
            raise ValueError("it is no tf.train.Example.")
        if at + length > len(message):
            raise ValueError("it is no tf.train.Example: a field is longer than its record.")
        if kind == _BYTES:
            yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at + place >= len(message):
            break
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value & (1 << 64) - 1, at + place + 1
    raise ValueError("it is no tf.train.Example: a number does not end.")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _table() -> tuple[int, ...]:
    """CRC-32C (Castagnoli), bits reversed."""
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _table()


def _masked(data: bytes) -> int:
    """CRC-32C as these files keep it: turned and moved, so that it is none of itself."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
