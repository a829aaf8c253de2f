"""Sends snapshots as a camera does: HTTP/1.1, kept alive, one request in flight per sender.

Raw non-blocking sockets in one event loop cost about 0.1 ms a request; a full HTTP client costs
ten times that, on the processors that the measured system needs.
Public surface: ``Sent``, ``Target``, ``send_all``.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

__all__ = ["Sent", "Target", "send_all"]

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where a camera delivers, and the key it shows."""

    host: str
    port: int
    path: str
    key: str = field(repr=False)


@dataclass(slots=True)
class Sent:
    """What came of one delivery. ``sent_at`` is ``time.perf_counter()`` before its first byte."""

    key: str
    id: str = ""
    is_new: bool = False
    sent_at: float = 0.0
    answered_at: float = 0.0
    retries: int = 0


def send_all(
    target: Target,
    pictures: Sequence[bytes],
    *,
    keys: Sequence[str],
    senders: int,
    then: Callable[[Sent], None] | None = None,
) -> list[Sent]:
    """Deliver each picture under its idempotency key; returns one ``Sent`` each, in order.

    A sender waits for the answer and, in a thread, for ``then`` before it sends its next one. A
    connection that breaks and an answer of 5xx are tried again under the same key, as a camera
    would, for a minute at most. Raises ``RuntimeError`` for any other answer than 202.
    """
    return asyncio.run(_send_all(target, pictures, keys, senders, then))


async def _send_all(
    target: Target,
    pictures: Sequence[bytes],
    keys: Sequence[str],
    senders: int,
    then: Callable[[Sent], None] | None,
) -> list[Sent]:
    sent = [Sent(key) for key in keys]
    waiting = iter(range(len(pictures)))
    loop = asyncio.get_running_loop()

    with ThreadPoolExecutor(senders) as pool:

        async def deliver() -> None:
            connection = _Connection(target)
            for number in waiting:
                await connection.deliver(pictures[number], sent[number])
                if then is not None:
                    await loop.run_in_executor(pool, then, sent[number])
            connection.close()

        await asyncio.gather(*(deliver() for _ in range(senders)))
    return sent


class _Connection:
    """One sender's kept-alive connection."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def deliver(self, picture: bytes, sent: Sent) -> None:
        target = self._target
        head = (
            f"POST {target.path} HTTP/1.1\r\nHost: {target.host}:{target.port}\r\n"
            f"Authorization: Bearer {target.key}\r\nIdempotency-Key: {sent.key}\r\n"
            f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        ).encode()
        sent.sent_at = time.perf_counter()
        deadline = sent.sent_at + _PATIENCE_S
        while True:
            try:
                status, body = await asyncio.wait_for(self._exchange(head + picture), 30)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                self.close()
                reason = repr(error)
            else:
                if status == 202:
                    break
                reason = f"status {status}: {body[:200]!r}"
                if status < 500:
                    raise RuntimeError(f"the snapshot was refused, {reason}")
            if time.perf_counter() > deadline:
                raise RuntimeError(f"the snapshot could not be delivered, {reason}")
            sent.retries += 1
            await asyncio.sleep(0.2)
        sent.answered_at = time.perf_counter()
        answer = json.loads(body)
        sent.id, sent.is_new = answer["id"], answer["is_new"]

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                self._target.host, self._target.port
            )
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line[15:])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        body = await self._reader.readexactly(length)
        if b"\r\nconnection: close\r\n" in head.lower():
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
