"""Up to when a device has reported everything; apps above this one register what they know of.

Public surface: ``Mark``, ``MarkSource``, ``register_marks``, ``registered_marks``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

__all__ = ["Mark", "MarkSource", "register_marks", "registered_marks"]


@dataclass(frozen=True, slots=True)
class Mark:
    """``until`` is None where the device has never reported."""

    site_id: UUID
    device: str
    until: datetime | None


class MarkSource(Protocol):
    def __call__(self, site_ids: Collection[UUID] | None, *, now: datetime) -> Iterable[Mark]:
        """The marks of the devices that attendance waits for at these sites (None: everywhere)."""
        ...


_sources: Final[list[MarkSource]] = []


def register_marks(source: MarkSource) -> None:
    _sources.append(source)


def registered_marks(site_ids: Collection[UUID] | None, *, now: datetime) -> list[Mark]:
    return [mark for source in _sources for mark in source(site_ids, now=now)]
