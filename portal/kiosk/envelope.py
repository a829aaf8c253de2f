"""What a signed event says, and what was sealed in it: pure, and believed only as far as it fits.

Public surface: ``Envelope``, ``Secret``, ``read_envelope``, ``read_secret``, ``read_pictures``.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from portal.core.errors import DomainError
from portal.kiosk.models import KioskEvent

__all__ = [
    "MAX_EVENT_BYTES",
    "MAX_SEALED_BYTES",
    "Envelope",
    "Secret",
    "read_envelope",
    "read_pictures",
    "read_secret",
]

MAX_EVENT_BYTES: Final = 2048
MAX_SEALED_BYTES: Final = 4 * 1024 * 1024
MAX_PICTURES: Final = 5
_MAX_SEQUENCE: Final = 2**53
# A clock may be wrong by decades, and is still a clock.
_MAX_SKEW_MS: Final = 100 * 366 * 86_400_000.0
_LONGEST_S: Final = 30.0
_MAX_SECRET: Final = 200
_DIRECTIONS: Final = frozenset({"in", "out", "unknown"})
_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Envelope:
    """``ages_s`` is for each picture how long before the event it was taken."""

    kiosk_id: UUID
    sequence: int
    kind: str
    direction: str
    device_at: datetime
    skew_ms: float
    ages_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """A code and its PIN, or what a QR code holds."""

    secret: str
    code: str = ""

    def __repr__(self) -> str:
        return "Secret(…)"


def read_envelope(event: bytes) -> Envelope:
    """Raises ``DomainError`` ``kiosk.event``."""
    if len(event) > MAX_EVENT_BYTES:
        raise _malformed()
    data = _object(event)
    try:
        found = Envelope(
            kiosk_id=UUID(data["kiosk"]),
            sequence=data["sequence"],
            kind=str(data["kind"]),
            direction=str(data["direction"]),
            device_at=datetime.fromisoformat(data["device_at"]).astimezone(UTC),
            skew_ms=float(data["skew_ms"]),
            ages_s=tuple(float(age) for age in data.get("ages_s", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _malformed() from error
    is_sound = (
        type(found.sequence) is int
        and 1 <= found.sequence < _MAX_SEQUENCE
        and found.kind in KioskEvent.Kind.values
        and found.direction in _DIRECTIONS
        and abs(found.skew_ms) <= _MAX_SKEW_MS
        and len(found.ages_s) <= MAX_PICTURES
        and all(0 <= age <= _LONGEST_S for age in found.ages_s)
        and bool(found.ages_s) == (found.kind == KioskEvent.Kind.FACE)
    )
    if not is_sound:
        raise _malformed()
    return found


def read_secret(plain: bytes) -> Secret:
    """Of a PIN or a QR code. Raises ``DomainError`` ``kiosk.event``."""
    data = _object(plain)
    code, secret = data.get("code", ""), data.get("secret", "")
    if not isinstance(code, str) or not isinstance(secret, str):
        raise _malformed()
    if len(code) > _MAX_SECRET or not 0 < len(secret) <= _MAX_SECRET:
        raise _malformed()
    return Secret(secret, code)


def read_pictures(plain: bytes, count: int) -> list[bytes]:
    """Each behind its length. Raises ``DomainError`` ``kiosk.event``."""
    pictures: list[bytes] = []
    at = 0
    while at < len(plain) and len(pictures) <= count:
        if at + _LENGTH.size > len(plain):
            raise _malformed()
        (length,) = _LENGTH.unpack_from(plain, at)
        at += _LENGTH.size
        if length == 0 or at + length > len(plain):
            raise _malformed()
        pictures.append(plain[at : at + length])
        at += length
    if len(pictures) != count:
        raise _malformed()
    return pictures


def _object(text: bytes) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    if not isinstance(data, dict):
        raise _malformed()
    return data


def _malformed() -> DomainError:
    return DomainError(
        "This is no event of a kiosk, or one of another version. Load the tablet's page anew.",
        code="kiosk.event",
        http_status=422,
    )
