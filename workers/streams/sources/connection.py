"""The connection to a camera, with what went wrong as a ``Trouble``.

Public surface: ``CameraConnection``.
"""

from __future__ import annotations

import ssl
from typing import Final

from portal.core.outbound_http import PinnedConnection
from workers.streams.messages import Assignment, Trouble

__all__ = ["CameraConnection"]

CONNECT_S: Final = 6.0


class CameraConnection(PinnedConnection):
    def __init__(self, task: Assignment, *, is_secure: bool, read_s: float) -> None:
        super().__init__(
            task.host,
            task.port,
            ip=task.ip,
            timeout_s=CONNECT_S,
            is_secure=is_secure,
            verifies_certificate=task.verifies_certificate,
        )
        self._read_s = read_s

    def connect(self) -> None:
        """Raises ``Trouble``."""
        try:
            self.reach()
        except OSError:
            raise Trouble("unreachable") from None
        self.sock.settimeout(self._read_s)
        try:
            self.secure()
        except ssl.SSLCertVerificationError:
            self.close()
            raise Trouble("certificate") from None
        except (OSError, ValueError):
            self.close()
            raise Trouble("tls") from None
