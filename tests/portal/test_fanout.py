"""Events to many browsers: together, once a scope, and with nobody waiting for a slow one."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer

from portal.core.consumers import LARGEST_BACKLOG, LiveConsumer
from portal.core.context import EVERYTHING, Scope
from portal.core.events import group_name
from portal.core.fanout import gathered, relays
from portal.core.listeners import Listener

SITE = str(uuid4())


def visits(*ids: str, site: str = SITE) -> dict[str, Any]:
    return {
        "type": "visits.changed",
        "ids": list(ids),
        "camera_ids": ["c"] * len(ids),
        "site_ids": [site] * len(ids),
    }


JOB = {"type": "jobs.changed", "id": "1", "state": "done"}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([visits("1")], [visits("1")]),
        ([visits("1"), visits("2", "3")], [visits("1", "2", "3")]),
        ([JOB, visits("1"), JOB, visits("2")], [JOB, visits("1", "2"), JOB]),
        ([JOB, JOB], [JOB, JOB]),
    ],
)
def test_changes_of_visits_travel_as_one_and_nothing_else_is_touched(events, expected):
    assert gathered(events) == expected


def test_what_was_published_is_left_as_it_was():
    first = visits("1")
    gathered([first, visits("2")])
    assert first == visits("1")


class Browser:
    def __init__(self, scope: Scope = EVERYTHING) -> None:
        self.listener = Listener("7", frozenset(), scope)
        self.received: list[str] = []

    def push(self, texts: Any) -> None:
        self.received += texts

    def ids(self) -> list[str]:
        return [one for text in self.received for one in json.loads(text)["ids"]]


async def nothing_new(members: Any) -> None:
    """Rights are as they were."""


async def send(event: dict[str, Any]) -> None:
    message = {"type": "topic.event", "event": event}
    await get_channel_layer().group_send(group_name("live"), message)


async def until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def test_every_event_reaches_everybody_it_is_for_in_order_and_once():
    north = uuid4()
    everywhere, at_north = Browser(), Browser(Scope(site_ids=frozenset({north})))
    for browser in (everywhere, at_north):
        await relays().join("live", browser, freshen=nothing_new)
    numbers = [str(number) for number in range(60)]
    for number in numbers:
        await send(visits(number, site=str(north) if int(number) % 2 else SITE))
    await until(lambda: len(everywhere.ids()) >= 60)
    assert everywhere.ids() == numbers
    assert at_north.ids() == numbers[1::2]
    assert len(everywhere.received) < 60, "they travel together"
    for browser in (everywhere, at_north):
        await relays().leave("live", browser)
    assert not get_channel_layer().groups.get(group_name("live"))


async def test_a_bad_event_does_not_silence_the_topic():
    browser = Browser()
    await relays().join("live", browser, freshen=nothing_new)
    await send({"type": "visits.changed", "ids": ["1"], "camera_ids": [], "site_ids": []})
    await asyncio.sleep(0.1)
    await send(visits("2"))
    await until(browser.ids)
    assert browser.ids() == ["2"]
    await relays().leave("live", browser)


async def test_a_browser_that_does_not_read_is_let_go():
    sent, blocked = [], asyncio.Event()

    async def base_send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "websocket.send":
            await blocked.wait()

    consumer = LiveConsumer()
    consumer.base_send = base_send
    consumer._is_open = True
    consumer.push(["1"])
    await until(lambda: sent)
    for number in range(LARGEST_BACKLOG + 1):
        consumer.push([str(number)])  # returns at once, though nothing is read
    blocked.set()
    await until(lambda: sent[-1]["type"] == "websocket.close")
    assert [message["type"] for message in sent] == ["websocket.send", "websocket.close"]
