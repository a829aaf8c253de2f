"""Reads an ``.npy`` file of Python objects without running its pickle.

Only dictionaries, lists, strings, numbers and arrays of floats come out; whatever else the pickle
asks for is refused by name. Public surface: ``read_object_npy``.
"""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition._pickles import StandIns, latin1_bytes, load_restricted

__all__ = ["read_object_npy"]

_FLOATS = {"f2", "f4", "f8"}


def read_object_npy(path: Path) -> Any:
    """The one object that the file holds, arrays in it as ``ndarray``.

    Written by numpy under Python 2 or 3. Raises ``ValueError`` for another kind of file and
    ``pickle.UnpicklingError`` for a pickle that holds anything but plain containers and floats.
    """
    with path.open("rb") as stream:
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise ValueError(f"it is of the npy version {version}, expected 1.0 or 2.0")
        shape, _, dtype = read_header(stream)
        if shape != () or not dtype.hasobject:
            raise ValueError(f"it holds an array {shape} {dtype}, expected one dictionary")
        record = load_restricted(stream, _STAND_INS, encoding="latin1")
    return _plain(record)


class _ArrayRecord:
    """Takes what numpy's own array would be given by the pickle, and checks it."""

    content: Any = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, is_fortran, values = state
        if not isinstance(dtype, _DtypeRecord):
            raise pickle.UnpicklingError("it has an array without a dtype")
        if dtype.code == "O8":
            if shape != () or not isinstance(values, list) or len(values) != 1:
                raise pickle.UnpicklingError(f"it has an array of objects of the shape {shape}")
            self.content = values[0]
            return
        self.content = _floats(shape, dtype, values, order="F" if is_fortran else "C")


class _DtypeRecord:
    """A dtype's code and byte order."""

    def __init__(self, code: str = "", *_: object) -> None:
        self.code = code
        self.order = ""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]


def _reconstruct(*_: object) -> _ArrayRecord:
    """Stands in for numpy's maker of empty arrays."""
    return _ArrayRecord()


_STAND_INS: StandIns = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _ArrayRecord,
    ("numpy", "dtype"): _DtypeRecord,
    ("_codecs", "encode"): latin1_bytes,
}


def _floats(shape: Any, dtype: _DtypeRecord, values: Any, *, order: Any) -> NDArray[Any]:
    raw = values.encode("latin1") if isinstance(values, str) else values
    if dtype.code not in _FLOATS or dtype.order not in {"<", ">"} or not isinstance(raw, bytes):
        raise pickle.UnpicklingError(f"it has an array of {dtype.code!r}, expected floats")
    kind = np.dtype(dtype.order + dtype.code)
    if not isinstance(shape, tuple) or math.prod(shape) * kind.itemsize != len(raw):
        raise pickle.UnpicklingError(f"its array of the shape {shape} has {len(raw)} bytes")
    return np.frombuffer(raw, dtype=kind).reshape(shape, order=order)


def _plain(value: Any) -> Any:
    """The records replaced by their arrays, in containers of any depth that a pickle can have."""
    if isinstance(value, _ArrayRecord):
        return _plain(value.content)
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | np.ndarray):
        return value
    raise pickle.UnpicklingError(f"it holds a {type(value).__name__}, expected arrays")
