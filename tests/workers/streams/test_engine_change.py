"""Another model for the streams: no frame waits for it, and none is judged by what was replaced."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from portal.engines.models import SpaceAdoption
from portal.engines.services import register_space
from recognition.errors import RecognitionError, WeightsError
from tests.factories.engine import FakeEngine
from tests.factories.second_model import OTHER_SPACE, OtherEngine
from tests.workers.streams.conftest import until
from workers.engine_host import EngineHost, is_outdated
from workers.streams.engine import EngineKeeper

pytestmark = pytest.mark.django_db


class Closing(FakeEngine):
    is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Built:
    """Engines in the order in which they are asked for; each waits until it is let through."""

    def __init__(self, *outcomes: EngineHost | RecognitionError) -> None:
        self._outcomes = list(outcomes)
        self.may_go = threading.Event()
        self.may_go.set()
        self.told: list[tuple[Any, Any]] = []

    def build(self) -> EngineHost:
        self.may_go.wait(10)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, RecognitionError):
            raise outcome
        return outcome

    def keeper(self) -> EngineKeeper:
        return EngineKeeper(
            self.build, on_change=lambda host, error: self.told.append((host, error))
        )


def hosts() -> tuple[EngineHost, EngineHost]:
    return EngineHost(Closing(), owner="x"), EngineHost(OtherEngine(), owner="x")


def test_the_former_engine_looks_on_until_the_next_is_loaded():
    former, following = hosts()
    built = Built(former, following)
    keeper = built.keeper()
    until(lambda: keeper.get() is former)
    built.may_go.clear()
    keeper.renew()
    assert keeper.get() is former
    assert keeper.get() is former
    built.may_go.set()
    until(lambda: keeper.get() is following)
    assert former.engine.is_closed
    assert built.told == [(former, None), (following, None)]


def test_where_the_next_cannot_be_loaded_the_former_decides_no_more():
    former, _ = hosts()
    refused = WeightsError("It is gone.")
    built = Built(former, refused)
    keeper = built.keeper()
    until(lambda: keeper.get() is former)
    keeper.renew()
    until(lambda: keeper.get() is None)
    assert former.engine.is_closed
    assert built.told[-1] == (None, refused)


def test_an_engine_is_outdated_once_another_space_is_adopted_and_no_more_after_going_back():
    former, following = hosts()
    assert not is_outdated(former)
    SpaceAdoption.objects.create(space=register_space(OTHER_SPACE), model="other-model")
    assert is_outdated(former)
    assert not is_outdated(following)
    SpaceAdoption.objects.create(space=former.space, model="test-model")
    assert not is_outdated(former)
