"""Actors and their rights, identifiers, events, keys and domain errors."""

from __future__ import annotations

import stat
import threading
from base64 import urlsafe_b64decode
from contextlib import suppress
from uuid import RFC_4122, UUID

import pytest
from django.db import transaction

from portal.core import events
from portal.core.context import SYSTEM, Actor, acting_as, correlation_id, current_actor, require
from portal.core.errors import DomainError, PermissionMissing
from portal.core.events import publish
from portal.core.ids import uuid7
from portal.core.keys import DataDirectoryUnusable, load_or_create_key, load_or_create_key_bytes
from portal.core.policies import ALL_PERMISSIONS
from tests.conftest import rolled_back


def test_a_right_is_required_of_the_actor_in_force():
    officer = Actor(kind="user", label="Bob", permissions=frozenset({"people.view"}))
    with acting_as(officer):
        assert require("people.view") is officer
        with pytest.raises(PermissionMissing) as refused:
            require("people.manage")
    assert refused.value.http_status == 403
    assert refused.value.data == {"permission": "people.manage"}
    assert "people.manage" in refused.value.message
    assert "Bob" in refused.value.message


def test_without_an_actor_nothing_is_allowed():
    assert current_actor().kind == "anonymous"
    for permission in ALL_PERMISSIONS:
        with pytest.raises(PermissionMissing):
            require(permission)


def test_acting_ends_with_its_block_even_after_an_error():
    with suppress(ZeroDivisionError), acting_as(SYSTEM, correlation="abc"):
        assert correlation_id() == "abc"
        with acting_as(Actor(kind="camera")):
            assert current_actor().kind == "camera"
            assert correlation_id() != "abc"
        assert current_actor() is SYSTEM
        raise ZeroDivisionError
    assert current_actor().kind == "anonymous"
    assert correlation_id() == ""


def test_a_thread_does_not_inherit_the_actor():
    found: list[str] = []
    with acting_as(SYSTEM):
        thread = threading.Thread(target=lambda: found.append(current_actor().kind))
        thread.start()
        thread.join()
    assert found == ["anonymous"]


def test_what_an_actor_may_do_stays_out_of_logs():
    assert "permissions" not in repr(SYSTEM)


def test_identifiers_are_version_7_and_sort_by_time(time_machine):
    # From far ahead: a clock that goes back by so much is believed.
    time_machine.move_to("2026-03-02T10:00:00Z", tick=False)
    uuid7()
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    earlier = [uuid7() for _ in range(50)]
    time_machine.shift(0.001)
    later = [uuid7() for _ in range(50)]
    assert sorted({*earlier, *later}) == [*earlier, *later], "also within a millisecond"
    for identifier in earlier:
        assert (identifier.version, identifier.variant) == (7, RFC_4122)
        assert identifier.int >> 80 == 1772359200000


@pytest.mark.parametrize("back_s", [0.002, 1, 60, 299])
def test_identifiers_sort_in_turn_where_the_clock_is_corrected(time_machine, back_s):
    """Lists and ``after=`` of the live page go by identifiers."""
    time_machine.move_to("2026-03-02T10:00:00Z", tick=False)
    uuid7()
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    made = [uuid7() for _ in range(50)]
    time_machine.shift(-back_s)
    made += [uuid7() for _ in range(50)]
    thread = threading.Thread(target=lambda: made.append(uuid7()))
    thread.start()
    thread.join()
    assert made[-1].int >> 80 == made[0].int >> 80, "in every thread"
    time_machine.shift(back_s + 0.001)
    made.append(uuid7())
    assert sorted(made[:100]) == made[:100]
    assert made[-1] == max(made)
    assert len(set(made)) == 102


def test_a_clock_that_was_far_ahead_is_not_waited_for(time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    uuid7()
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    assert uuid7().int >> 80 == 1772359200000


def test_threads_that_make_identifiers_at_once_never_make_the_same(time_machine):
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    made: list[UUID] = []
    threads = [
        threading.Thread(target=lambda: made.extend([uuid7() for _ in range(500)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 2000


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "keys" / "media.key"
    first = load_or_create_key(path)
    assert load_or_create_key(path) == first
    assert len(urlsafe_b64decode(first)) == 48
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["media.key"], "no temporary file is left"
    assert len(load_or_create_key_bytes(path)) == 32


def test_processes_that_start_together_agree_on_one_key(tmp_path):
    path = tmp_path / "keys" / "media.key"
    found: list[str] = []
    barrier = threading.Barrier(8)

    def read() -> None:
        barrier.wait()
        found.append(load_or_create_key(path))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_data_directory_that_cannot_be_used_says_what_to_do(tmp_path):
    (tmp_path / "keys").write_text("a file where a folder is needed")
    with pytest.raises(DataDirectoryUnusable, match="GATEHOUSE_DATA_DIR"):
        load_or_create_key(tmp_path / "keys" / "media.key")


def test_an_error_is_rendered_the_same_everywhere():
    error = DomainError("No.", code="x.y", http_status=409, data={"n": 1})
    assert error.as_dict() == {"error": {"code": "x.y", "message": "No.", "data": {"n": 1}}}
    assert DomainError("No.").as_dict() == {"error": {"code": "request.refused", "message": "No."}}


@pytest.mark.django_db(transaction=True)
def test_an_event_waits_for_the_commit(published):
    with transaction.atomic():
        events.publish_on_commit("jobs", {"type": "jobs.changed", "id": "1", "state": "done"})
        assert published == []
    assert [topic for topic, _ in published] == ["jobs"]


@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_transaction_that_was_rolled_back_is_never_sent(published):
    with rolled_back():
        events.publish_on_commit("jobs", {"type": "jobs.changed", "id": "1", "state": "done"})
    assert published == []


@pytest.fixture
def publisher(monkeypatch):
    """A loop of the test's own, so that no other test's layer is asked."""
    monkeypatch.setattr(events, "_publisher", None)


def test_an_event_reaches_the_group_of_its_topic(publisher, monkeypatch):
    sent: list[tuple[str, dict]] = []

    class Layer:
        async def group_send(self, group: str, message: dict) -> None:
            sent.append((group, message))

    monkeypatch.setattr(events, "get_channel_layer", Layer)
    publish("live", {"type": "sightings.finished", "ids": ["1"]})
    assert sent == [
        (
            "topic.live",
            {"type": "topic.event", "event": {"type": "sightings.finished", "ids": ["1"]}},
        )
    ]


def test_a_broker_that_is_away_costs_the_hint_only(publisher, monkeypatch):
    asked: list[str] = []

    class Away:
        async def group_send(self, group: str, message: dict) -> None:
            asked.append(group)
            raise ConnectionError("gone")

    monkeypatch.setattr(events, "get_channel_layer", Away)
    publish("live", {"type": "sightings.finished"})
    assert asked == ["topic.live"]
