"""Verification sets in one file: InsightFace's pickled ``.bin``, read safely, and our own container.

A pickle can run code. The reader here knows a handful of names, answers each with a stand-in of its own,
and calls nothing that the file asks for; even numpy arrays are taken apart as plain bytes.
Public surface: ``VerificationSet``, ``read_verification_set``, ``read_pickled_bin``,
``write_verification_set``.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recognition._pickles import StandIns, latin1_bytes, load_restricted
from recognition.datasets.errors import DatasetRejected

__all__ = [
    "VerificationSet",
    "read_pickled_bin",
    "read_verification_set",
    "write_verification_set",
]

_FORMAT = "gatehouse-verification-1"
_BYTE_CODES = {"u1", "|u1", "b1", "|b1", "i1", "|i1", "?", "B", "b"}


@dataclass(frozen=True, slots=True, eq=False)
class VerificationSet:
    """Encoded pictures, two a pair in order, and per pair whether they show the same person.

    ``names`` says, two a pair, whom they show, where the file knows it; a ``.bin`` does not.
    """

    pictures: tuple[bytes, ...]
    is_same: tuple[bool, ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.is_same or len(self.pictures) != 2 * len(self.is_same):
            raise DatasetRejected(
                f"{len(self.pictures):,} pictures for {len(self.is_same):,} pairs; expected two a "
                "pair, and at least one pair."
            )
        if self.names and len(self.names) != len(self.pictures):
            raise DatasetRejected(
                f"{len(self.names):,} names for {len(self.pictures):,} pictures; expected one each."
            )


def read_verification_set(path: Path) -> VerificationSet:
    """Read our container or a pickled ``.bin``, told apart by their first bytes."""
    try:
        with path.open("rb") as file:
            is_container = file.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise DatasetRejected(f"{path} cannot be read: {error.strerror}.") from error
    return _read_container(path) if is_container else read_pickled_bin(path)


def write_verification_set(path: Path, contents: VerificationSet) -> None:
    """Write our container: a zip of plain arrays (``.npz``), the pictures' bytes end to end.

    Readable with ``numpy.load(…, allow_pickle=False)``: ``format``, ``data`` (uint8), ``ends``
    (int64, where each picture ends in ``data``), ``is_same`` (bool) and ``names`` (str, may be
    empty). The file gets exactly this name.
    """
    with path.open("wb") as file:
        np.savez(
            file,
            format=np.array(_FORMAT),
            data=np.frombuffer(b"".join(contents.pictures), np.uint8),
            ends=np.cumsum([len(picture) for picture in contents.pictures], dtype=np.int64),
            is_same=np.array(contents.is_same, np.bool_),
            names=np.array(contents.names, np.str_),
        )


def read_pickled_bin(path: Path) -> VerificationSet:
    """Read ``(list of encoded pictures, list of is_same)`` as InsightFace's tools write it.

    Pictures may be byte strings of Python 2 or 3 or arrays of uint8, the labels bools, ints, numpy
    bools or one array. Raises ``DatasetRejected`` for everything else, and before anything runs.
    """
    try:
        with path.open("rb") as file:
            contents = load_restricted(file, _STAND_INS, encoding="bytes")
    except OSError as error:
        raise DatasetRejected(f"{path} cannot be read: {error.strerror}.") from error
    except pickle.UnpicklingError as error:
        raise DatasetRejected(f"{path} is no verification set: {error}.") from error
    if not isinstance(contents, (tuple, list)) or len(contents) != 2:
        raise DatasetRejected(f"{path} holds no (pictures, is_same); expected these two lists.")
    pictures, labels = contents
    return VerificationSet(
        tuple(_picture(item, path) for item in _items(pictures, path)),
        tuple(_label(item, path) for item in _items(labels, path)),
    )


class _Array:
    """Stands in for a numpy array: keeps the raw bytes of its state and nothing else."""

    def __init__(self) -> None:
        self.raw = b""

    def __setstate__(self, state: Any) -> None:
        _version, _shape, dtype, _is_fortran, raw = state
        self.raw = _byte_content(raw, dtype)


class _ByteType:
    """Stands in for ``numpy.dtype``; only types of one byte are known."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = code.decode("ascii") if isinstance(code, bytes) else code
        if code not in _BYTE_CODES:
            raise pickle.UnpicklingError(f"an array of {code!r}; expected bytes or booleans")

    def __setstate__(self, state: Any) -> None:
        """Byte order and alignment say nothing about bytes."""


def _byte_content(raw: Any, dtype: Any) -> bytes:
    if not isinstance(dtype, _ByteType) or not isinstance(raw, (bytes, bytearray)):
        raise pickle.UnpicklingError("an array that does not hold plain bytes")
    return bytes(raw)


def _new_array(*_: Any) -> _Array:
    return _Array()


def _array_from_buffer(raw: Any, dtype: Any, *_: Any) -> _Array:
    array = _Array()
    array.raw = _byte_content(raw, dtype)
    return array


def _scalar(dtype: Any, raw: Any) -> bool:
    return any(_byte_content(raw, dtype))


_STAND_INS: StandIns = {
    ("_codecs", "encode"): latin1_bytes,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _ByteType,
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")  # numpy 1 and 2
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _new_array),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _array_from_buffer),
        )
    },
}


def _items(value: Any, path: Path) -> Sequence[Any]:
    if isinstance(value, _Array):
        return [bool(byte) for byte in value.raw]
    if isinstance(value, (list, tuple)):
        return value
    raise DatasetRejected(f"{path} holds {type(value).__name__}; expected two lists.")


def _picture(item: Any, path: Path) -> bytes:
    if isinstance(item, _Array):
        return item.raw
    if isinstance(item, (bytes, bytearray)):
        return bytes(item)
    raise DatasetRejected(f"{path} holds {type(item).__name__}; expected a picture's bytes.")


def _label(item: Any, path: Path) -> bool:
    if isinstance(item, (bool, int)) and item in {0, 1}:
        return bool(item)
    raise DatasetRejected(f"{path} labels a pair {item!r}; expected true or false.")


def _read_container(path: Path) -> VerificationSet:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if str(stored["format"]) != _FORMAT:
                raise DatasetRejected(f"{path} has the format {stored['format']}, not {_FORMAT}.")
            data, ends = stored["data"], stored["ends"]
            is_same, names = stored["is_same"], stored["names"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetRejected(f"{path} is no verification set of ours: {error}.") from error
    begins = np.concatenate([[0], ends[:-1]]) if ends.ndim == 1 and len(ends) else ends
    is_sound = (
        data.dtype == np.uint8
        and ends.dtype == np.int64
        and is_same.dtype == np.bool_
        and names.dtype.kind == "U"
        and {data.ndim, ends.ndim, is_same.ndim, names.ndim} == {1}
        and (ends >= begins).all()
        and (not len(ends) or ends[-1] == len(data))
    )
    if not is_sound:
        raise DatasetRejected(f"{path} is damaged: its arrays do not fit together.")
    raw = data.tobytes()
    return VerificationSet(
        tuple(raw[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)),
        tuple(is_same.tolist()),
        tuple(names.tolist()),
    )
