"""Every test here has its own data directory, a fake engine, and reaches no broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.core.context import SYSTEM, acting_as
from tests.factories.engine import FakeEngine
from workers import engine_host
from workers.engine_host import EngineHost


@pytest.fixture(autouse=True)
def _isolated(isolated: None) -> Iterator[None]:
    with acting_as(SYSTEM):
        yield


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def host(db: None, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> EngineHost:
    """The process's host, as a recognition worker has it after its start."""
    made = EngineHost(engine, owner="recognition@here")
    monkeypatch.setattr(engine_host, "_host", made)
    return made
