"""A camera's key: random, shown once, kept as a digest."""

import hashlib
import secrets

__all__ = ["digest_of", "new_key"]

PREFIX = "ghc_"


def new_key() -> str:
    return PREFIX + secrets.token_urlsafe(24)


def digest_of(key: str) -> str:
    """SHA-256 suffices: the key is random, so there is nothing to guess slowly."""
    return hashlib.sha256(key.encode()).hexdigest()
