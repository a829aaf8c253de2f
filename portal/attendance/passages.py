"""What was registered in the course of a visit and is known to apps above this one, which register
themselves here: collecting makes its punches of it once the visit has a name.

Public surface: ``Passage``, ``PassageSource``, ``register_passages``, ``registered_passages``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

__all__ = ["Passage", "PassageSource", "register_passages", "registered_passages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One registration: camera and instant tell it from all others. ``idempotency_key`` is that of
    the first punch that is made of it."""

    visit_id: UUID
    camera_id: UUID
    at: datetime
    received_at: datetime
    direction: str
    place: str
    idempotency_key: str


class PassageSource(Protocol):
    def __call__(self, visit_ids: Collection[UUID]) -> Iterable[Passage]:
        """What was registered in the course of these visits and waits for their names."""
        ...


_sources: Final[list[PassageSource]] = []


def register_passages(source: PassageSource) -> None:
    _sources.append(source)


def registered_passages(visit_ids: Collection[UUID]) -> dict[UUID, list[Passage]]:
    found: dict[UUID, list[Passage]] = {}
    for source in _sources:
        for passage in source(visit_ids):
            found.setdefault(passage.visit_id, []).append(passage)
    return found
