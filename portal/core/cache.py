"""Django's Redis cache with one client per server, kept. Public surface: ``BrokerCache``.

Django's own builds a client object for every command, which costs more than the command: the
doorbell is rung with every snapshot.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient

__all__ = ["BrokerCache"]


class _KeepingClient(RedisCacheClient):
    """Clients are thread-safe and hold no connection; the pool behind them does."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        index = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        if index not in self._clients:
            self._clients[index] = super().get_client(key, write=write)
        return self._clients[index]


class BrokerCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _KeepingClient
