"""An ASGI guard in front of Django: too large a request is refused before it is read."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

__all__ = ["BodyLimit", "LargerLimit"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Django and Channels type their own parts of ASGI more narrowly than the protocol.
App = Callable[[Any, Any, Any], Awaitable[None]]


class _TooLarge(Exception):
    pass


# Most clients read the answer only when they have sent everything, and report a broken
# connection otherwise. So the rest of a body is thrown away as it comes, up to this multiple.
PATIENCE = 4


@dataclass(frozen=True, slots=True)
class LargerLimit:
    """What one address may be sent, by whoever ``admits`` says so of before a byte is read."""

    max_bytes: int
    admits: Callable[[Scope], Awaitable[bool]]


class BodyLimit:
    """Answers 413 by the Content-Length header, or once that many bytes came without one.

    Nothing beyond the limit is kept, in memory or on disk. ``larger`` names the paths with a
    limit of their own; for whoever is not admitted there the usual one holds.
    """

    def __init__(
        self, app: App, *, max_bytes: int, larger: Mapping[str, LargerLimit] | None = None
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        max_bytes = await self._limit_of(scope)
        if not declared.isdigit() or int(declared) > max_bytes:
            if headers.get(b"expect", b"").lower() != b"100-continue":
                await self._discard(receive)
            await self._refuse(send, max_bytes)
            return
        received, started = 0, False

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise _TooLarge
            return message

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted_receive, watched_send)
        except _TooLarge:
            if not started:
                await self._discard(receive)
                await self._refuse(send, max_bytes)

    async def _limit_of(self, scope: Scope) -> int:
        larger = self._larger.get(scope.get("path", ""))
        if larger is None or scope["method"] != "POST" or not await larger.admits(scope):
            return self._max_bytes
        return larger.max_bytes

    async def _discard(self, receive: Receive) -> None:
        left = self._max_bytes * PATIENCE
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b"")) or 1
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return

    async def _refuse(self, send: Send, max_bytes: int) -> None:
        limit = max_bytes // (1024 * 1024)
        body = json.dumps(
            {
                "error": {
                    "code": "image.too_many_bytes",
                    "message": f"The upload is larger than {limit} MB, the most that one request "
                    "may carry. Send a smaller copy, or fewer files at once.",
                }
            }
        ).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})
