"""One subscription a topic and process, however many browsers listen to it.

A channel of its own for every browser would decode every event once for each of them, and ask
for a thread besides: two hundred browsers would fall seconds behind fifty events a second. Here an
event is read once, written as JSON once for each scope, and events that come within a moment
travel as one. Public surface: ``Member``, ``Relays``, ``relays``, ``gathered``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import structlog
from channels.layers import get_channel_layer

from portal.core.context import Scope
from portal.core.events import Topic, group_name
from portal.core.listeners import Listener, depends_on_user, within

__all__ = ["Member", "Relays", "gathered", "relays"]

logger = structlog.get_logger(__name__)

# The first event after a silence goes out at once, those after it together.
GATHER_S = 0.05


class Member(Protocol):
    """A live connection, as a relay knows it."""

    listener: Listener

    def push(self, texts: Sequence[str]) -> None:
        """Send these in turn, without waiting for the browser."""


Freshen = Callable[[Sequence[Any]], Awaitable[None]]


class Relays:
    """The relays of one event loop: made with the first member of a topic, gone with the last."""

    def __init__(self) -> None:
        self._by_topic: dict[Topic, _Relay] = {}
        self._lock = asyncio.Lock()

    async def join(self, topic: Topic, member: Member, *, freshen: Freshen) -> None:
        async with self._lock:
            relay = self._by_topic.get(topic)
            if relay is None:
                relay = self._by_topic[topic] = _Relay(topic, freshen)
                await relay.start()
            relay.members.add(member)

    async def leave(self, topic: Topic, member: Member) -> None:
        async with self._lock:
            relay = self._by_topic.get(topic)
            if relay is None:
                return
            relay.members.discard(member)
            if not relay.members:
                del self._by_topic[topic]
                await relay.stop()


class _Relay:
    def __init__(self, topic: Topic, freshen: Freshen) -> None:
        self.members: set[Member] = set()
        self._topic = topic
        self._freshen = freshen
        self._waiting: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._layer: Any = get_channel_layer()
        self._channel = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._is_over = False

    async def start(self) -> None:
        self._channel = await self._layer.new_channel()
        await self._layer.group_add(group_name(self._topic), self._channel)
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._send())]

    async def stop(self) -> None:
        self._is_over = True
        await self._layer.group_discard(group_name(self._topic), self._channel)
        # One of them may be who found out that the last member has to go: it ends by itself.
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            message = await self._layer.receive(self._channel)
            self._waiting.append(message["event"])
            self._news.set()

    async def _send(self) -> None:
        while not self._is_over:
            await self._news.wait()
            self._news.clear()
            events, self._waiting = gathered(self._waiting), []
            try:
                await self._deliver(events)
            except Exception:  # a process boundary: one bad event must not silence the topic
                logger.exception("event_not_delivered", topic=self._topic)
            await asyncio.sleep(GATHER_S)

    async def _deliver(self, events: Sequence[dict[str, Any]]) -> None:
        await self._freshen(list(self.members))
        written: dict[tuple[int, Scope, str], str] = {}
        for member in list(self.members):
            listener, texts = member.listener, []
            for number, event in enumerate(events):
                user_id = listener.user_id if depends_on_user(event) else ""
                key = (number, listener.scope, user_id)
                if key not in written:
                    shown = within(listener, event)
                    written[key] = "" if shown is None else json.dumps(shown)
                if written[key]:
                    texts.append(written[key])
            if texts:
                member.push(texts)


def gathered(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same events in order, all changes of visits as one in the place of the first."""
    together: list[dict[str, Any]] = []
    visits: dict[str, Any] | None = None
    for event in events:
        if event["type"] != "visits.changed":
            together.append(event)
        elif visits is None:
            visits = {**event}
            together.append(visits)
        else:
            for name in ("ids", "camera_ids", "site_ids"):
                visits[name] = [*visits[name], *event[name]]
    return together


_relays: WeakKeyDictionary[asyncio.AbstractEventLoop, Relays] = WeakKeyDictionary()


def relays() -> Relays:
    """Those of the running event loop."""
    return _relays.setdefault(asyncio.get_running_loop(), Relays())
