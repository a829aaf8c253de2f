"""The live websocket: subscribes to the topics that its user may see, relays hints, no logic.

The right to listen is asked for again while events come, once a second for all connections
together, so that a sign-out or a lost role closes the connection while it is open, not at the next
page. While events flow they do not wait for that: a lost right ends within two seconds. After a
silence the first event waits for it. What lies outside the listener's scope is left out.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from portal.core.events import Topic
from portal.core.fanout import relays
from portal.core.listeners import NOBODY, Listener, listeners_of

__all__ = ["TOPIC_PERMISSIONS", "LiveConsumer"]

TOPIC_PERMISSIONS: dict[Topic, str] = {
    "live": "sightings.view",
    "review": "review.view",
    "alerts": "alerts.view",
    "jobs": "jobs.view",
    "people": "people.view",
    "cameras": "cameras.view",
    "calibration": "calibration.view",
    "attendance": "attendance.view",
    "muster": "muster.view",
    "system": "system.view",
}

CLOSE_SIGNED_OUT = 4401
# The browser comes back by itself, and asks for what it missed.
CLOSE_TOO_SLOW = 1013
RECHECK_S = 1.0
CHECKED_AT_ONCE = 50
# Hints that a browser has not taken yet: more than this and it does not read at all.
LARGEST_BACKLOG = 200


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """``/ws/live/?topics=live,jobs`` – topics without permission are left out silently."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.topics: set[Topic] = set()
        self.session_key = ""
        self.listener = NOBODY
        self.checked_at = 0.0
        self.is_being_checked = False
        self._outbox: deque[str] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._is_open = False

    async def connect(self) -> None:
        self.session_key = self.scope["session"].session_key or ""
        self.checked_at = time.monotonic()
        self.listener = (await _read_listeners([self.session_key])).get(self.session_key, NOBODY)
        if not self.listener.permissions:
            await self.close(code=CLOSE_SIGNED_OUT)
            return
        query = parse_qs(
            self.scope["query_string"].decode(errors="replace"), keep_blank_values=True
        )
        wanted = query.get("topics", ["live"])[0].split(",")
        for topic, permission in TOPIC_PERMISSIONS.items():
            if topic in wanted and permission in self.listener.permissions:
                self.topics.add(topic)
                await relays().join(topic, self, freshen=freshen)
        await self.accept()
        await self.send_json({"type": "hello", "topics": sorted(self.topics)})
        self._is_open = True
        self.push([])  # what came meanwhile

    async def disconnect(self, code: int) -> None:
        await self._leave()
        if self._sending is not None:
            self._sending.cancel()

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        """What is not JSON is nothing that was asked for, and no reason to fail."""
        try:
            return json.loads(text_data)
        except ValueError:
            return None

    async def receive_json(self, content: Any, **_: Any) -> None:
        """Browsers have nothing to say here except a keep-alive."""
        if content == {"type": "ping"}:
            await self.send_json({"type": "pong"})

    def push(self, texts: Sequence[str]) -> None:
        """Send these in turn; a browser that does not read keeps nobody else waiting."""
        self._outbox.extend(texts)
        if self._is_open and self._outbox and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._drain())

    async def close_out(self) -> None:
        """The right to listen is gone."""
        await self._leave()
        await self.close(code=CLOSE_SIGNED_OUT)

    async def _drain(self) -> None:
        try:
            while self._outbox:
                if len(self._outbox) > LARGEST_BACKLOG:
                    self._outbox.clear()
                    await self._leave()
                    await self.close(code=CLOSE_TOO_SLOW)
                    return
                await self.send(text_data=self._outbox.popleft())
        except (OSError, RuntimeError):
            # It went while it was sent to; its own disconnect tidies up.
            self._outbox.clear()

    async def _leave(self) -> None:
        topics, self.topics = self.topics, set()
        for topic in topics:
            await relays().leave(topic, self)


@database_sync_to_async  # type: ignore[untyped-decorator]
def _read_listeners(session_keys: Sequence[str]) -> dict[str, Listener]:
    return listeners_of(session_keys)


_checks: set[asyncio.Task[None]] = set()


async def freshen(members: Sequence[LiveConsumer]) -> None:
    """See to it that what ``members`` may hear is no older than two ``RECHECK_S``."""
    now = time.monotonic()
    if any(now - member.checked_at > 2 * RECHECK_S for member in members):
        await _recheck([member for member in members if now - member.checked_at > RECHECK_S])
        return
    due = [
        member
        for member in members
        if now - member.checked_at > RECHECK_S and not member.is_being_checked
    ]
    if due:
        check = asyncio.create_task(_recheck(due))
        _checks.add(check)
        check.add_done_callback(_checks.discard)


async def _recheck(members: Sequence[LiveConsumer]) -> None:
    began = time.monotonic()
    for member in members:
        member.is_being_checked = True
    found: dict[str, Listener] = {}
    try:
        # In parts, between which events go out.
        for start in range(0, len(members), CHECKED_AT_ONCE):
            part = members[start : start + CHECKED_AT_ONCE]
            found |= await _read_listeners([member.session_key for member in part])
    finally:
        for member in members:
            member.is_being_checked = False
    for member in members:
        member.listener = found.get(member.session_key, NOBODY)
        member.checked_at = began
        permissions = member.listener.permissions
        if any(TOPIC_PERMISSIONS[topic] not in permissions for topic in member.topics):
            await member.close_out()
