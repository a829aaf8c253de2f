"""Identifiers: UUID version 7 (RFC 9562), so that keys sort by the time of their making.

Random keys would scatter inserts over the whole index; these append, and are never reused.
"""

import secrets
import threading
import time
from typing import Final
from uuid import UUID

__all__ = ["uuid7"]

_TAIL_BITS: Final = 74
_LOW_BITS: Final = 62
# So far may two keys of one millisecond be apart: neither tells the other.
_STEP_BITS: Final = 40


class _Last(threading.local):
    """What a thread made last. Its own, since a lock might be held when the process forks."""

    at_ms = 0
    tail = 0


_last = _Last()


def uuid7() -> UUID:
    """48 bits of Unix milliseconds, then 74 random bits, with version and variant set.

    Within one millisecond the random bits count up by random steps (RFC 9562, 6.2, method 2):
    what a thread makes in turn sorts in turn.
    """
    at_ms = time.time_ns() // 1_000_000
    if at_ms != _last.at_ms:
        # The highest bit is free, so that no millisecond has keys enough to run over.
        _last.at_ms, _last.tail = at_ms, secrets.randbits(_TAIL_BITS - 1)
    else:
        _last.tail += 1 + secrets.randbits(_STEP_BITS)
    value = (at_ms & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76
    value |= (_last.tail >> _LOW_BITS) << 64
    value |= 0b10 << 62
    value |= _last.tail & ((1 << _LOW_BITS) - 1)
    return UUID(int=value)
