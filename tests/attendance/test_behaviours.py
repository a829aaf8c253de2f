"""What the engine does that a rule file cannot say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portal.attendance import engine
from tests.attendance.behaviours import BEHAVIOURS


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda each: each.__name__)
def test_behaviour(behaviour: Callable[[Any], None]) -> None:
    behaviour(engine)


@pytest.mark.parametrize("word", [*engine.Status, *engine.Flag])
def test_every_status_and_flag_is_explained_in_plain_words(
    word: engine.Status | engine.Flag,
) -> None:
    assert word.meaning.endswith(".")
