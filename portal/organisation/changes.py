"""Telling whoever keeps something by site or department that the organisation changed: apps above
listen, organisation knows none of them.

Public surface: ``OrganisationChange``, ``What``, ``listen``, ``tell``. Listeners run in the
transaction of the change, after it; what one of them refuses by raising is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

__all__ = ["OrganisationChange", "What", "listen", "tell"]


class What(StrEnum):
    """What may have become another: the clock by which days are named, or what lies above."""

    TIME_ZONE = "time_zone"
    PARENT = "parent"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationChange:
    """``department_ids`` are those that were moved and all below them; None: the whole site."""

    what: What
    site_id: UUID
    department_ids: frozenset[UUID] | None = None


Listener = Callable[[OrganisationChange], None]
_LISTENERS: Final[list[Listener]] = []


def listen(listener: Listener) -> Listener:
    _LISTENERS.append(listener)
    return listener


def tell(change: OrganisationChange) -> None:
    for listener in _LISTENERS:
        listener(change)
