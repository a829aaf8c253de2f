"""The live websocket: subscribes to the topics that its user may see, relays hints, no logic.

The right to listen is asked for again with every event (at most once a second), so that a
sign-out or a lost role closes the connection while it is open, not at the next page. What lies
outside the listener's scope is left out of an event.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import get_user
from django.http import HttpRequest

from portal.core.context import EVERYTHING, Scope
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


@dataclass(frozen=True, slots=True)
class _Listener:
    """Who listens, as it is now."""

    user_id: str = ""
    permissions: frozenset[str] = frozenset()
    scope: Scope = EVERYTHING


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """``/ws/live/?topics=live,jobs`` – topics without permission are left out silently."""

    async def connect(self) -> None:
        self._topics: set[Topic] = set()
        self._checked_at = time.monotonic()
        self._listener = await self._who()
        if not self._listener.permissions:
            await self.close(code=CLOSE_SIGNED_OUT)
            return
        query = parse_qs(
            self.scope["query_string"].decode(errors="replace"), keep_blank_values=True
        )
        wanted = query.get("topics", ["live"])[0].split(",")
        for topic, permission in TOPIC_PERMISSIONS.items():
            if topic in wanted and permission in self._listener.permissions:
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
            self._listener = await self._who()
            permissions = self._listener.permissions
            if any(TOPIC_PERMISSIONS[topic] not in permissions for topic in self._topics):
                await self.close(code=CLOSE_SIGNED_OUT)
                return
        event = _within(self._listener, message["event"])
        if event is not None:
            await self.send_json(event)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _who(self) -> _Listener:
        """Read afresh from the session's own row: the scope's copy is as old as the connection."""
        session = self.scope["session"].__class__(self.scope["session"].session_key)
        request = HttpRequest()
        request.session = session
        user = get_user(request)
        if not user.is_authenticated or not user.is_active:
            return _Listener()
        return _Listener(str(user.pk), user.permissions, user.scope())


def _within(listener: _Listener, event: dict[str, Any]) -> dict[str, Any] | None:
    """The event as this listener may have it; None where nothing of it is theirs.

    Whoever sees certain people only is told that something happened, and the page, when it reads
    again, what of it was theirs.
    """
    if event["type"] != "sightings.finished":
        return event
    scope = listener.scope
    rows = list(
        zip(event["ids"], event["camera_ids"], event["site_ids"], event["actor_ids"], strict=True)
    )
    sites = None if scope.site_ids is None else {str(site) for site in scope.site_ids}
    if sites is not None:
        rows = [
            row for row in rows if row[2] in sites or (not row[1] and row[3] == listener.user_id)
        ]
        if not rows:
            return None
    shown: dict[str, Any] = {"type": event["type"], "faces": event["faces"]}
    if scope.department_ids is not None or scope.person_id is not None:
        rows = []
    if scope != EVERYTHING:
        shown["faces"] = 0  # it counts every site
    return {**shown, "ids": [row[0] for row in rows], "camera_ids": [row[1] for row in rows]}
