"""The live websocket: subscribes to the topics that its user may see, relays hints, no logic.

The right to listen is asked for again with every event (at most once a second), so that a
sign-out or a lost role closes the connection while it is open, not at the next page.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import get_user
from django.http import HttpRequest

from portal.core.events import Topic, group_name

__all__ = ["TOPIC_PERMISSIONS", "LiveConsumer"]

TOPIC_PERMISSIONS: dict[Topic, str] = {
    "live": "sightings.view",
    "jobs": "jobs.view",
    "people": "people.view",
    "cameras": "cameras.view",
    "system": "system.view",
}

CLOSE_SIGNED_OUT = 4401
RECHECK_S = 1.0


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """``/ws/live/?topics=live,jobs`` – topics without permission are left out silently."""

    async def connect(self) -> None:
        self._topics: set[Topic] = set()
        self._checked_at = time.monotonic()
        permissions = await self._permissions()
        if not permissions:
            await self.close(code=CLOSE_SIGNED_OUT)
            return
        query = parse_qs(
            self.scope["query_string"].decode(errors="replace"), keep_blank_values=True
        )
        wanted = query.get("topics", ["live"])[0].split(",")
        for topic, permission in TOPIC_PERMISSIONS.items():
            if topic in wanted and permission in permissions:
                self._topics.add(topic)
                await self.channel_layer.group_add(group_name(topic), self.channel_name)
        await self.accept()
        await self.send_json({"type": "hello", "topics": sorted(self._topics)})

    async def disconnect(self, code: int) -> None:
        for topic in self._topics:
            await self.channel_layer.group_discard(group_name(topic), self.channel_name)

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

    async def topic_event(self, message: dict[str, Any]) -> None:
        if time.monotonic() - self._checked_at > RECHECK_S:
            self._checked_at = time.monotonic()
            permissions = await self._permissions()
            if any(TOPIC_PERMISSIONS[topic] not in permissions for topic in self._topics):
                await self.close(code=CLOSE_SIGNED_OUT)
                return
        await self.send_json(message["event"])

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _permissions(self) -> frozenset[str]:
        """Read afresh from the session's own row: the scope's copy is as old as the connection."""
        session = self.scope["session"].__class__(self.scope["session"].session_key)
        request = HttpRequest()
        request.session = session
        user = get_user(request)
        return user.permissions if user.is_authenticated and user.is_active else frozenset()
