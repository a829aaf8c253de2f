"""Secrets that programs and cameras prove themselves with: random, shown once, kept as a digest."""

import hashlib
import secrets

__all__ = ["digest_of", "new_secret"]


def new_secret(prefix: str, *, random_bytes: int) -> str:
    """Random behind a prefix, by which leaked secrets can be searched for."""
    return prefix + secrets.token_urlsafe(random_bytes)


def digest_of(secret: str) -> str:
    """SHA-256 suffices: the secret is random, so there is nothing to guess slowly."""
    return hashlib.sha256(secret.encode()).hexdigest()
