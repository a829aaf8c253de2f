"""What a decoder process is told, and what it may say of itself: codes, never texts.

FFmpeg's own messages name addresses with their passwords; none of them leaves the decoder.
Public surface: ``Assignment``, ``Trouble``, ``TROUBLES``, ``REFUSALS``, ``ENDED``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

__all__ = ["ENDED", "REFUSALS", "TROUBLES", "Assignment", "Trouble"]

# A file that was played to its end: no fault.
ENDED: Final = "ended"

TROUBLES: Final = {
    "unreachable": "The camera does not answer. Check its power, its cable, and the port.",
    "credentials": "The camera refuses the user name or the password.",
    "address": "This address may not be used. Enter it anew to be told why.",
    "not_found": "The camera answers, but has no pictures at this path.",
    "redirected": "The camera sends to another address. Enter that address instead.",
    "http": "The camera answers with an error.",
    "tls": "No secure connection comes about. Check whether the camera has one at this port.",
    "certificate": "The camera's certificate is not valid. Put it right, or have it not checked.",
    "silent": "The camera is connected, but sends no pictures.",
    "closed": "The camera ended the connection.",
    "unreadable": "What the camera sends cannot be decoded.",
    "too_large": "The pictures are too large. Choose a smaller size in the camera's settings.",
    "behind": "The pictures come faster than they can be decoded. Choose a smaller size or fewer "
    "pictures a second in the camera's settings.",
    "file": "There is no such video file in the folder that the operator opened for them.",
    "crashed": "The decoder of this camera failed.",
    ENDED: "The file was played to its end.",
}

# Trying again soon will not help, and might lock the user name out.
REFUSALS: Final = frozenset({"credentials", "address", "redirected", "certificate", "file"})


class Trouble(Exception):
    """Why there are no pictures: one of ``TROUBLES``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Assignment:
    """One source, ready to be connected to: ``ip`` is the address that was looked at and found
    allowed, and the only one that is connected to. ``path`` carries the query."""

    kind: str
    rate_fps: float
    scheme: str = ""
    host: str = ""
    port: int = 0
    path: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ip: str = ""
    verifies_certificate: bool = True

    def dump(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def load(cls, data: bytes) -> Assignment:
        fields: dict[str, Any] = json.loads(data)
        return cls(**fields)
