"""Fixtures that run the whole product."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.integration.gatehouse import Gatehouse


@pytest.fixture(scope="session")
def gatehouse() -> Iterator[Gatehouse]:
    """One system for all tests that leave it as they found it."""
    system = Gatehouse.create()
    try:
        yield system.start()
    finally:
        system.discard()


@pytest.fixture
def make_gatehouse() -> Iterator[Callable[..., Gatehouse]]:
    """Makes systems for tests that break them; settings are keyword arguments."""
    made: list[Gatehouse] = []

    def make(*, from_nothing: bool = False, **environment: str) -> Gatehouse:
        made.append(Gatehouse.create(from_nothing=from_nothing, **environment))
        return made[-1]

    yield make
    for system in made:
        system.discard()
