"""HTTP requests to cameras and webhooks: to the checked address, without redirects, bounded.

The connection goes to ``SafeAddress.ip``; the host's name goes into the ``Host`` header and, with
TLS, is what the certificate must be for. Public surface: ``open_http``, ``HttpAnswer``,
``OutboundFailed``.
"""

from __future__ import annotations

import http.client
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from portal.core.errors import DomainError
from portal.core.outbound import SafeAddress
from portal.core.outbound_auth import authorization

__all__ = ["HttpAnswer", "OutboundFailed", "open_http"]

_CHUNK: Final = 65_536


class OutboundFailed(DomainError):
    """The code is ``outbound.`` with ``unreachable``, ``timeout``, ``certificate``, ``redirect``,
    ``answer`` or ``too_large``. No message names the address."""

    code = "outbound.failed"
    http_status = 502


class HttpAnswer:
    """What the other side answered. A context manager; closing it ends the connection."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        *,
        until: float,
    ) -> None:
        self._connection = connection
        self._response = response
        self._until = until
        self.status = response.status
        self.headers = response.headers

    def read(self, limit: int) -> bytes:
        """The whole body. Raises ``OutboundFailed`` for more than ``limit`` bytes and where the
        time of the request is over."""
        body = bytearray()
        while chunk := self.read_some(min(_CHUNK, limit + 1 - len(body))):
            body += chunk
            if len(body) > limit:
                raise OutboundFailed(
                    f"The answer is larger than the {limit:,} bytes that are read.",
                    code="outbound.too_large",
                )
            if time.monotonic() > self._until:
                raise _too_slow()
        return bytes(body)

    def read_some(self, limit: int) -> bytes:
        """What has come, ``limit`` bytes at most, of a body that has no end; empty at its end.
        Waits no longer than the timeout of the request for the next byte."""
        with _failures():
            return self._response.read1(limit)

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_http(
    address: SafeAddress,
    *,
    method: str,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    path: str | None = None,
    body: bytes | None = None,
    verifies_certificate: bool = True,
) -> HttpAnswer:
    """Ask ``address`` and return the answer with its body unread, whatever its status is.

    A user name in the address answers a challenge, once. A redirect is an error: it could lead
    anywhere. Raises ``OutboundFailed``.
    """
    until = time.monotonic() + timeout_s
    path = address.path if path is None else path
    sent = {"Accept-Encoding": "identity", "User-Agent": "Gatehouse", **(headers or {})}
    context = _tls(verifies_certificate=verifies_certificate) if address.scheme == "https" else None
    answer = _ask(address, method, path, body, sent, context=context, until=until)
    if answer.status == 401 and address.username:
        proof = authorization(
            answer.headers.get_all("WWW-Authenticate") or [],
            method=method,
            path=path,
            username=address.username,
            password=address.password,
        )
        if proof is not None:
            answer.close()
            sent["Authorization"] = proof
            answer = _ask(address, method, path, body, sent, context=context, until=until)
    if 300 <= answer.status < 400:
        answer.close()
        raise OutboundFailed(
            f"The other side answered {answer.status}, a redirection to another address. It is not "
            "followed. Enter the address that it leads to.",
            code="outbound.redirect",
        )
    return answer


def _ask(
    address: SafeAddress,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    context: ssl.SSLContext | None,
    until: float,
) -> HttpAnswer:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise _too_slow()
    connection = _Pinned(address, timeout_s=left_s, context=context)
    # A head that comes a byte at a time never runs into the socket's own timeout.
    cut = threading.Timer(left_s, connection.cut)
    cut.daemon = True
    cut.start()
    try:
        with _failures(until=until):
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", address.host_header)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
        if time.monotonic() >= until:
            # What was cut off looks like a head that is complete.
            response.close()
            raise _too_slow()
    except BaseException:
        connection.close()
        raise
    finally:
        cut.cancel()
    return HttpAnswer(connection, response, until=until)


class _Pinned(http.client.HTTPConnection):
    """A connection to the checked IP, whatever its host's name means by now."""

    def __init__(
        self, address: SafeAddress, *, timeout_s: float, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(address.ip, address.port, timeout=timeout_s)
        self._server_name = address.host
        self._context = context

    def connect(self) -> None:
        super().connect()
        if self._context is not None:
            tls = self._context.wrap_socket(
                self.sock, server_hostname=self._server_name, do_handshake_on_connect=False
            )
            self.sock = tls
            tls.do_handshake()

    def cut(self) -> None:
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _tls(*, verifies_certificate: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verifies_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _failures(*, until: float = math.inf) -> Iterator[None]:
    """What the libraries raise, as ``OutboundFailed``; theirs would name the address."""
    try:
        yield
    except TimeoutError:
        raise _too_slow() from None
    except ssl.SSLCertVerificationError as error:
        raise OutboundFailed(
            f"The certificate of the other side is not valid ({error.verify_message}). Give it a "
            "valid one; for a camera of your own network you may switch the check off.",
            code="outbound.certificate",
        ) from None
    except (http.client.HTTPException, ValueError):
        if time.monotonic() >= until:
            raise _too_slow() from None
        raise OutboundFailed(
            "The other side does not answer as HTTP should be. Check the scheme and the port.",
            code="outbound.answer",
        ) from None
    except OSError as error:
        if time.monotonic() >= until:
            raise _too_slow() from None
        raise OutboundFailed(
            f"No connection: {error.strerror or 'it was refused or broken off'}. Check that the "
            "other side is switched on, and the port.",
            code="outbound.unreachable",
        ) from None


def _too_slow() -> OutboundFailed:
    return OutboundFailed(
        "The other side did not answer in time. Check that it is switched on, and the port.",
        code="outbound.timeout",
    )
