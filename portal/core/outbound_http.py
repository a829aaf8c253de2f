"""The HTTP connection to a camera or a webhook: to the checked IP and to nothing else.

No redirect is followed and no proxy asked, and nothing here needs settings: decoders have none.
Public surface: ``PinnedConnection``.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl

__all__ = ["PinnedConnection"]


class PinnedConnection(http.client.HTTPConnection):
    """To ``ip``, whatever the host's name means by now; the name goes into the ``Host`` header
    and, with TLS, is what the certificate must be for."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        ip: str,
        timeout_s: float,
        is_secure: bool,
        verifies_certificate: bool = True,
    ) -> None:
        super().__init__(host, port, timeout=timeout_s)
        if is_secure:
            self.default_port = http.client.HTTPS_PORT
        self._ip = ip
        self._timeout_s = timeout_s
        self._is_secure = is_secure
        self._verifies_certificate = verifies_certificate

    def connect(self) -> None:
        self.reach()
        self.secure()

    def reach(self) -> None:
        self.sock = socket.create_connection((self._ip, self.port), timeout=self._timeout_s)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def secure(self) -> None:
        """Speak TLS from here on, where that is asked for."""
        if not self._is_secure:
            return
        context = ssl.create_default_context()
        if not self._verifies_certificate:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        # Known before it shakes hands, so that ``cut`` ends that too.
        self.sock = tls = context.wrap_socket(
            self.sock, server_hostname=self.host, do_handshake_on_connect=False
        )
        tls.do_handshake()

    def cut(self) -> None:
        """End what another thread waits for in it."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
