"""Telling whoever keeps something about people that they changed: apps above listen, people knows
none of them.

Public surface: ``PeopleChange``, ``listen``, ``tell``. Listeners run in the transaction of the change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

__all__ = ["PeopleChange", "What", "listen", "tell"]


class What(StrEnum):
    """What may have become another: when they are employed, where they belong, whether they are
    anybody's double, whether anything of them is kept."""

    CREATED = "created"
    EMPLOYMENT = "employment"
    PLACE = "place"
    MERGE = "merge"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleChange:
    """``first`` is the first date that it may matter for; None: today. ``gone_since`` is given where
    people who were removed are back: when that was."""

    person_ids: frozenset[UUID]
    what: What
    first: date | None = None
    gone_since: datetime | None = None


Listener = Callable[[PeopleChange], None]
_LISTENERS: Final[list[Listener]] = []


def listen(listener: Listener) -> Listener:
    _LISTENERS.append(listener)
    return listener


def tell(
    *person_ids: UUID, what: What, first: date | None = None, gone_since: datetime | None = None
) -> None:
    change = PeopleChange(
        person_ids=frozenset(person_ids), what=what, first=first, gone_since=gone_since
    )
    for listener in _LISTENERS:
        listener(change)
