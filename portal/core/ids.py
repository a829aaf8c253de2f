"""Identifiers: UUID version 7 (RFC 9562), so that keys sort by the time of their making.

Random keys would scatter inserts over the whole index; these append, and are never reused.
"""

import secrets
import time
from uuid import UUID

__all__ = ["uuid7"]


def uuid7() -> UUID:
    """48 bits of Unix milliseconds, then 74 random bits, with version and variant set."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return UUID(int=value)
