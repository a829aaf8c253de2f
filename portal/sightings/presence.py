"""How many people are on the premises, as the app above this one knows it: it registers itself.

Public surface: ``PresenceSource``, ``register_presence``, ``presence_source``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from portal.core.context import Scope

__all__ = ["PresenceSource", "presence_source", "register_presence"]


class PresenceSource(Protocol):
    def __call__(self, scope: Scope, *, now: datetime) -> int:
        """Of the people in ``scope`` those who are here now. Whoever calls asks for the right."""
        ...


_source: PresenceSource | None = None


def register_presence(source: PresenceSource) -> None:
    global _source  # noqa: PLW0603 - set once, when the apps are loaded
    _source = source


def presence_source() -> PresenceSource:
    if _source is None:
        raise RuntimeError("No app has registered itself as the source of who is on site.")
    return _source
