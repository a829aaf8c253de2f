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
# A clock that is corrected goes back by less, and is waited for. One that is set back further was
# wrong before, and to wait for it might take for ever.
_WAITED_MS: Final = 5 * 60 * 1000


class _Last(threading.local):
    """What a thread made last. Its own, since a lock might be held when the process forks."""

    at_ms = 0
    tail = 0


class _Newest:
    """The millisecond of the newest key of the process. Without a lock: threads that write at once
    are within the same moment."""

    at_ms = 0


_last = _Last()
_newest = _Newest()


def uuid7() -> UUID:
    """48 bits of Unix milliseconds, then 74 random bits, with version and variant set.

    Within one millisecond the random bits count up by random steps (RFC 9562, 6.2, method 2):
    what a thread makes in turn sorts in turn. So it does where the clock goes back by a little:
    the newest millisecond goes on until the clock has caught up with it.
    """
    at_ms = time.time_ns() // 1_000_000
    if 0 < _newest.at_ms - at_ms <= _WAITED_MS:
        at_ms = _newest.at_ms
    _newest.at_ms = at_ms
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
