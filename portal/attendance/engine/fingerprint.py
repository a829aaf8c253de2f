"""The hash of all that a row depends on: equal hashes mean that nothing needs to be stored.

Public surface: ``inputs_hash``.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from portal.attendance.engine.results import Punch

__all__ = ["inputs_hash"]

# To be raised when the same inputs may give another day, so that stored days are computed anew.
ENGINE_VERSION = 2


def inputs_hash(parts: Iterable[object], punches: Iterable[Punch], *, strays: int) -> str:
    """``parts`` are the row's plain values; of them and of the punches every one counts."""
    values = [str(ENGINE_VERSION), str(strays), *map(str, parts)]
    for each in punches:
        values += (each.direction, each.source, each.camera, *each.keys)
        values += (repr(each.first.timestamp()), repr(each.last.timestamp()))
    # With its length before it no value can run into the next.
    text = "".join([f"{len(value)}:{value}" for value in values])
    return blake2b(text.encode(), digest_size=16).hexdigest()
