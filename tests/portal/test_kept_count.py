"""Counts that are asked for with every page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from redis.exceptions import RedisError

from portal.core.context import Actor
from portal.core.kept_count import KEPT_S, KeptCount

ADA, BOB = Actor("user", "1", "a"), Actor("user", "2", "b")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Counter:
    def __init__(self) -> None:
        self.number, self.asked = 3, list[str]()

    def __call__(self, actor: Actor) -> int:
        self.asked.append(actor.id)
        return self.number


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


def test_each_actor_is_counted_for_once_in_some_seconds() -> None:
    counter = Counter()
    kept = KeptCount("test", counter)
    with time_machine.travel(NOON, tick=False) as clock:
        assert [kept.of(ADA), kept.of(ADA), kept.of(BOB)] == [3, 3, 3]
        assert counter.asked == ["1", "2"]
        counter.number = 4
        assert kept.of(ADA) == 3
        clock.shift(timedelta(seconds=KEPT_S + 1))
        assert kept.of(ADA) == 4


def test_what_is_forgotten_is_counted_anew_for_everybody() -> None:
    counter = Counter()
    kept, other = KeptCount("test", counter), KeptCount("other", counter)
    for one in (kept.of(ADA), kept.of(BOB), other.of(ADA)):
        assert one == 3
    counter.number = 0
    kept.forget()
    assert [kept.of(ADA), kept.of(BOB), other.of(ADA)] == [0, 0, 3]
    counter.number = 5
    assert kept.of(ADA) == 0, "none is a number too"


@pytest.mark.parametrize("error", [RedisError("away"), ConnectionRefusedError()])
def test_without_a_cache_it_is_counted_each_time(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cache, "get", fail)
    monkeypatch.setattr(cache, "set", fail)
    counter = Counter()
    kept = KeptCount("test", counter)
    assert [kept.of(ADA), kept.of(ADA)] == [3, 3]
    assert counter.asked == ["1", "1"]
    kept.forget()
