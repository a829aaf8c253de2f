"""Pickles read without running them. Public surface: ``load_restricted``, ``latin1_bytes``.

A pickle names what it wants called. Only names that the caller knows are answered, with stand-ins
of its own; every other one is refused before anything runs.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any, BinaryIO

__all__ = ["StandIns", "latin1_bytes", "load_restricted"]

StandIns = Mapping[tuple[str, str], Any]


class _Restricted(pickle.Unpickler):
    def __init__(self, stream: BinaryIO, stand_ins: StandIns, encoding: str) -> None:
        super().__init__(stream, encoding=encoding)
        self._stand_ins = stand_ins

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._stand_ins[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which a file of this kind never needs"
            ) from None


def load_restricted(stream: BinaryIO, stand_ins: StandIns, *, encoding: str = "ASCII") -> Any:
    """Containers, texts, numbers and what the stand-ins, by module and name, make of the rest.

    ``encoding`` is that of Python 2's strings, as for ``pickle.load``. Raises
    ``pickle.UnpicklingError`` for any other name and for bytes that are no pickle.
    """
    try:
        return _Restricted(stream, stand_ins, encoding).load()
    except (
        AttributeError,
        EOFError,
        IndexError,
        KeyError,
        MemoryError,
        OverflowError,
        TypeError,
        ValueError,
    ) as error:  # all that the unpickler raises for pieces that do not fit together
        raise pickle.UnpicklingError(f"its pickle is cut or malformed: {error}") from error


def latin1_bytes(text: object, encoding: object = "latin1") -> bytes:
    """Stand-in for ``_codecs.encode``, by which Python 3 writes bytes in protocols without them."""
    if not isinstance(text, str) or encoding not in {"latin1", b"latin1"}:
        raise pickle.UnpicklingError(f"it asks to encode {type(text).__name__} as {encoding!r}")
    return text.encode("latin1")
