"""The live websocket: who may listen to what, and for how long."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.test import Client

from portal.core import consumers
from portal.core.consumers import CLOSE_SIGNED_OUT, TOPIC_PERMISSIONS
from portal.core.events import group_name
from portal.core.policies import ALL_PERMISSIONS
from portal.organisation.models import Site
from portal.organisation.services import department_at
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

HERE = b"http://localhost"
FINISHED = {
    "type": "sightings.finished",
    "ids": ["1"],
    "camera_ids": [""],
    "site_ids": [""],
    "actor_ids": ["7"],
    "faces": 1,
}
# What a browser is sent of it: whose picture it was is for the consumer alone.
SHOWN = {"type": "sightings.finished", "ids": ["1"], "camera_ids": [""], "faces": 1}


class Socket(ApplicationCommunicator):
    """A browser's end of the websocket. (The one that Channels brings imports daphne.)"""

    async def connect(self) -> tuple[bool, int | None]:
        """Whether the connection was accepted, else the code that it was closed with."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output()
        return answer["type"] == "websocket.accept", answer.get("code")

    async def receive_json(self) -> Any:
        answer = await self.receive_output()
        assert answer["type"] == "websocket.send", answer
        return json.loads(answer["text"])

    async def send_json(self, content: Any) -> None:
        await self.send_input({"type": "websocket.receive", "text": json.dumps(content)})

    async def disconnect(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait()


@pytest.fixture
def signed_in() -> Any:
    """Per role a user and the browser that is signed in as them."""
    people = {}
    for role in ("administrator", "officer", "auditor"):
        user, client = UserFactory(role=role), Client()
        client.force_login(user, backend=SIGN_IN_BACKEND)
        people[role] = (user, client)
    return people


def socket(
    client: Client | None, *, topics: str = "live,jobs", origin: bytes | None = HERE
) -> Socket:
    from portal.config.asgi import application

    headers = [(b"host", b"localhost")]
    if origin is not None:
        headers.append((b"origin", origin))
    if client is not None:
        headers.append((b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()))
    scope = {
        "type": "websocket",
        "path": "/ws/live/",
        "query_string": f"topics={topics}".encode(),
        "headers": headers,
        "subprotocols": [],
    }
    return Socket(application, scope)


async def send(topic: str, event: dict[str, Any]) -> None:
    await get_channel_layer().group_send(group_name(topic), {"type": "topic.event", "event": event})


async def hello(communicator: Socket) -> list[str]:
    is_connected, _ = await communicator.connect()
    assert is_connected
    greeting = await communicator.receive_json()
    assert greeting["type"] == "hello"
    return greeting["topics"]


def test_every_topic_has_a_permission_that_exists():
    assert set(TOPIC_PERMISSIONS.values()) <= ALL_PERMISSIONS


async def test_a_visitor_is_closed_out():
    assert await socket(None).connect() == (False, CLOSE_SIGNED_OUT)


async def test_a_made_up_session_is_a_visitors():
    client = Client()
    client.cookies["sessionid"] = "x" * 32
    assert await socket(client).connect() == (False, CLOSE_SIGNED_OUT)


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        (b"https://evil.example", "another site must not read along with the user's cookie"),
        (b"http://localhost.evil.example", "a name that only begins like ours"),
        (b"null", "a page from nowhere"),
        (None, "no browser leaves the origin out"),
    ],
)
async def test_a_foreign_origin_is_refused(origin, why, signed_in):
    _, client = signed_in["administrator"]
    is_connected, _ = await socket(client, origin=origin).connect()
    assert not is_connected, why


@pytest.mark.parametrize(
    ("role", "asked", "given"),
    [
        ("administrator", "live,jobs,people,cameras,system", "cameras jobs live people system"),
        ("administrator", "live%2Csystem", "live system"),
        ("officer", "live,system", "live"),
        ("officer", "system", ""),
        ("auditor", "live,people", "live people"),
        ("officer", "live,made-up", "live"),
        ("officer", "", ""),
    ],
)
async def test_one_listens_to_what_one_may_see(role, asked, given, signed_in):
    communicator = socket(signed_in[role][1], topics=asked)
    assert await hello(communicator) == given.split()
    await communicator.disconnect()


async def test_an_event_reaches_those_who_listen_to_its_topic_only(signed_in):
    live = socket(signed_in["officer"][1], topics="live")
    jobs = socket(signed_in["auditor"][1], topics="jobs")
    await hello(live)
    await hello(jobs)
    await send("live", FINISHED)
    assert await live.receive_json() == SHOWN
    assert await jobs.receive_nothing(timeout=0.05)
    await live.disconnect()
    await jobs.disconnect()


async def test_who_left_is_sent_nothing_more(signed_in):
    communicator = socket(signed_in["officer"][1], topics="live")
    await hello(communicator)
    await communicator.disconnect()
    layer = get_channel_layer()
    assert not layer.groups.get(group_name("live"))


async def test_a_keep_alive_is_answered(signed_in):
    communicator = socket(signed_in["officer"][1])
    await hello(communicator)
    await communicator.send_json({"type": "ping"})
    assert await communicator.receive_json() == {"type": "pong"}
    await communicator.send_json({"type": "subscribe", "topics": ["system"]})
    assert await communicator.receive_nothing(timeout=0.05)
    await communicator.disconnect()


@pytest.fixture
def scoped(signed_in: Any) -> Any:
    """An officer of the north site; a manager of one department; the two sites."""
    north, south = Site.objects.create(name="North"), Site.objects.create(name="South")
    signed_in["officer"][0].sites.add(north)
    manager, client = UserFactory(role="manager"), Client()
    manager.departments.add(department_at(north, "Yard"))
    client.force_login(manager, backend=SIGN_IN_BACKEND)
    return signed_in["officer"], (manager, client), north, south


async def test_an_event_holds_only_what_lies_in_the_listeners_site(scoped):
    (officer, client), _, north, south = scoped
    communicator = socket(client, topics="live")
    await hello(communicator)
    event = {
        "type": "sightings.finished",
        "ids": ["north", "south", "own", "foreign"],
        "camera_ids": ["c1", "c2", "", ""],
        "site_ids": [str(north.pk), str(south.pk), "", ""],
        "actor_ids": ["c1", "c2", str(officer.pk), "0"],
        "faces": 9,
    }
    await send("live", event)
    assert await communicator.receive_json() == {
        "type": "sightings.finished",
        "ids": ["north", "own"],
        "camera_ids": ["c1", ""],
        "faces": 0,
    }
    elsewhere = {**FINISHED, "camera_ids": ["c2"], "site_ids": [str(south.pk)]}
    await send("live", elsewhere)
    assert await communicator.receive_nothing(timeout=0.05)
    await communicator.disconnect()


async def test_who_sees_certain_people_only_hears_that_but_not_what_happened(scoped):
    _, (_, client), *_ = scoped
    communicator = socket(client, topics="live,jobs,cameras,people")
    assert await hello(communicator) == ["live", "people"]
    await send("live", FINISHED)
    assert await communicator.receive_json() == {
        "type": "sightings.finished",
        "ids": [],
        "camera_ids": [],
        "faces": 0,
    }
    await communicator.disconnect()


async def test_a_scope_that_was_narrowed_counts_from_the_next_event(scoped, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_S", -1.0)
    (officer, client), _, north, south = scoped
    communicator = socket(client, topics="live")
    await hello(communicator)
    at_north = {**FINISHED, "camera_ids": ["c1"], "site_ids": [str(north.pk)]}
    await send("live", at_north)
    assert (await communicator.receive_json())["ids"] == ["1"]
    await database_sync_to_async(officer.sites.set)([south])
    await send("live", at_north)
    assert await communicator.receive_nothing(timeout=0.05)
    await communicator.disconnect()


def sign_out(user: Any, client: Client) -> None:
    client.logout()


def deactivate(user: Any, client: Client) -> None:
    user.is_active = False
    user.save()


def demote(user: Any, client: Client) -> None:
    user.role = "officer"
    user.save()


def change_password(user: Any, client: Client) -> None:
    user.set_password("another few unrelated words")
    user.save()


@pytest.mark.parametrize("act", [sign_out, deactivate, demote, change_password])
async def test_a_right_that_was_lost_closes_the_connection_at_the_next_event(
    act, signed_in, monkeypatch
):
    monkeypatch.setattr(consumers, "RECHECK_S", -1.0)
    user, client = signed_in["administrator"]
    communicator = socket(client, topics="live,system")
    await hello(communicator)
    await send("live", FINISHED)
    assert await communicator.receive_json() == SHOWN
    await database_sync_to_async(act)(user, client)
    await send("live", FINISHED)
    output = await communicator.receive_output()
    assert (output["type"], output["code"]) == ("websocket.close", CLOSE_SIGNED_OUT)


async def test_while_events_flow_a_lost_right_ends_the_connection_too(signed_in, monkeypatch):
    # No event is so late that it has to wait for the question: it is asked beside them.
    monkeypatch.setattr(consumers, "RECHECK_S", 600.0)
    user, client = signed_in["officer"]
    communicator = socket(client, topics="live")
    await hello(communicator)
    await send("live", FINISHED)
    assert await communicator.receive_json() == SHOWN
    await database_sync_to_async(deactivate)(user, client)
    monkeypatch.setattr(consumers, "RECHECK_S", 0.5)
    output: dict[str, Any] = {"type": ""}
    while output["type"] != "websocket.close":
        await send("live", FINISHED)
        output = await communicator.receive_output()
    assert output["code"] == CLOSE_SIGNED_OUT


async def test_losing_a_right_that_is_not_used_here_keeps_the_connection(signed_in, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_S", -1.0)
    user, client = signed_in["administrator"]
    communicator = socket(client, topics="live")
    await hello(communicator)
    await database_sync_to_async(demote)(user, client)
    await send("live", FINISHED)
    assert await communicator.receive_json() == SHOWN
    await communicator.disconnect()


async def test_a_storm_of_events_does_not_ask_the_database_each_time(signed_in, monkeypatch):
    communicator = socket(signed_in["officer"][1], topics="live")
    await hello(communicator)

    def refuse(session_keys: object) -> None:
        raise AssertionError("the rights were asked for again within a second")

    monkeypatch.setattr(consumers, "listeners_of", refuse)
    for _ in range(20):
        await send("live", FINISHED)
    for _ in range(20):
        assert await communicator.receive_json() == SHOWN
    await communicator.disconnect()
