"""Asking a camera for something by HTTP: one address, no redirects, no proxies.

Public surface: ``CameraClient``.
"""

from __future__ import annotations

import http.client
import time
from email.utils import parsedate_to_datetime
from typing import Final

from workers.streams.messages import Assignment, Trouble
from workers.streams.sources.authentication import Login
from workers.streams.sources.connection import CameraConnection

__all__ = ["READ_S", "CameraClient"]

READ_S: Final = 8.0
_TROUBLES: Final = {401: "credentials", 403: "credentials", 404: "not_found", 410: "not_found"}


class CameraClient:
    def __init__(self, task: Assignment) -> None:
        self._task = task
        self._login = Login(task.username, task.password)
        is_secure = task.scheme == "https"
        self._connection = CameraConnection(task, is_secure=is_secure, read_s=READ_S)
        self._answer: http.client.HTTPResponse | None = None
        # By how much the camera's clock is ahead, to the second, as its answers tell it.
        self.skew_ms: float | None = None

    def get(self) -> http.client.HTTPResponse:
        """The answer with its body still to be read. Raises ``Trouble``."""
        answer = self._request()
        if answer.status == 401 and self._login.take(
            answer.headers.get_all("WWW-Authenticate", [])
        ):
            self.close()
            answer = self._request()
        if answer.status != 200:
            self.close()
            is_redirect = 300 <= answer.status < 400
            raise Trouble("redirected" if is_redirect else _TROUBLES.get(answer.status, "http"))
        self.skew_ms = _skew_ms(answer.headers.get("Date", ""))
        return answer

    def body(self, *, most_bytes: int) -> bytes:
        """A whole answer of limited size, within a limited time."""
        answer = self.get()
        deadline_s = time.monotonic() + READ_S
        parts, size = list[bytes](), 0
        try:
            while part := answer.read(65_536):
                parts.append(part)
                size += len(part)
                if size > most_bytes:
                    self.close()
                    raise Trouble("too_large")
                if time.monotonic() > deadline_s:
                    self.close()
                    raise Trouble("silent")
        except TimeoutError:
            self.close()
            raise Trouble("silent") from None
        except (OSError, http.client.HTTPException):
            self.close()
            raise Trouble("closed") from None
        return b"".join(parts)

    def close(self) -> None:
        # An answer without a length keeps the socket for itself.
        if self._answer is not None:
            self._answer.close()
        self._connection.close()

    def _request(self) -> http.client.HTTPResponse:
        task = self._task
        headers = {"User-Agent": "Gatehouse", "Accept": "*/*"}
        if authorization := self._login.header("GET", task.path):
            headers["Authorization"] = authorization
        # A connection that was kept may have been closed meanwhile; a new one was not.
        attempts = 1 if self._connection.sock is None else 2
        for attempt in range(attempts):
            try:
                self._connection.request("GET", task.path, headers=headers)
                self._answer = self._connection.getresponse()
                return self._answer
            except TimeoutError:
                self.close()
                raise Trouble("silent") from None
            except (OSError, http.client.HTTPException):
                self.close()
                if attempt + 1 == attempts:
                    raise Trouble("closed") from None
        raise Trouble("closed")


def _skew_ms(date: str) -> float | None:
    try:
        return (parsedate_to_datetime(date).timestamp() - time.time()) * 1000.0
    except (TypeError, ValueError):
        return None
