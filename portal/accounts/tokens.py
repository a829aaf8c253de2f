"""How a token's secret is made into what the database keeps."""

import hashlib
import secrets

__all__ = ["digest_of", "new_secret"]

PREFIX = "gh_"


def new_secret() -> str:
    """256 random bits behind a prefix by which leaked tokens can be searched for."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """SHA-256 suffices: the secret is random, so there is nothing to guess slowly."""
    return hashlib.sha256(secret.encode()).hexdigest()
