"""Counts that are asked for with every page, and so come from the cache. Public: ``KeptCount``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django.core.cache import cache
from redis.exceptions import RedisError

from portal.core.context import Actor

__all__ = ["KeptCount"]

# Long enough that clicking around asks once, short enough that the badge is not missed.
KEPT_S: Final = 5


class KeptCount:
    """What ``count`` says of an actor, at most ``KEPT_S`` old, and not older than ``forget``.

    Without a cache it is counted each time.
    """

    def __init__(self, name: str, count: Callable[[Actor], int]) -> None:
        self._changed = f"{name}:changed"
        self._name = name
        self._count = count

    def of(self, actor: Actor) -> int:
        try:
            # When it changed is part of the name: what is counted meanwhile is not taken for new.
            name = f"{self._name}:{cache.get(self._changed, 0)}:{actor.kind}:{actor.id}"
            known = cache.get(name)
            if known is None:
                known = self._count(actor)
                cache.set(name, known, timeout=KEPT_S)
        except (RedisError, OSError):
            return self._count(actor)
        return int(known)

    def forget(self) -> None:
        """Called by whoever has just changed something: the next page is right, whoever's it is."""
        try:
            cache.set(self._changed, time.time_ns(), timeout=2 * KEPT_S)
        except (RedisError, OSError):
            return
