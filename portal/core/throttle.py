"""Counting what strangers do, so that nobody does too much of it: a number per key and time.

Public surface: ``is_spent``, ``spend``. A cache that is away counts nothing and stops nobody: the
links are too long to be guessed, so that the limits spare the server, not the secret.
"""

from __future__ import annotations

import hashlib

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

__all__ = ["is_spent", "spend"]

logger = structlog.get_logger(__name__)


def is_spent(kind: str, who: str, *, limit: int) -> bool:
    try:
        return int(cache.get(_key(kind, who), 0)) >= limit
    except (RedisError, OSError) as error:
        logger.warning("not_counted", kind=kind, error=str(error))
        return False


def spend(kind: str, who: str, *, within_s: int) -> None:
    """Count one; the count begins anew ``within_s`` after the first."""
    key = _key(kind, who)
    try:
        cache.add(key, 0, within_s)
        cache.incr(key)
    except ValueError:
        # It ended between the two: the next one begins the count.
        return
    except (RedisError, OSError) as error:
        logger.warning("not_counted", kind=kind, error=str(error))


def _key(kind: str, who: str) -> str:
    return f"throttle-{kind}-{hashlib.sha256(who.encode()).hexdigest()[:32]}"
