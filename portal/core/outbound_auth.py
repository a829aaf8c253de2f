"""Answers to the challenge of a camera or server that wants a user name and a password.

Basic and Digest (RFC 7616: MD5 and SHA-256, with ``qop=auth`` or without), because most cameras
know nothing else. Public surface: ``authorization``.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from typing import Final
from urllib.request import parse_http_list, parse_keqv_list

__all__ = ["authorization"]

_ALGORITHMS: Final = {"MD5": "md5", "SHA-256": "sha256"}


def authorization(
    challenges: Sequence[str], *, method: str, path: str, username: str, password: str
) -> str | None:
    """The ``Authorization`` header for the strongest of ``challenges``; None where there is none
    that can be answered."""
    digests = [one for one in challenges if one[:7].lower() == "digest "]
    for wanted in ("SHA-256", "MD5"):
        for challenge in digests:
            asked = _fields(challenge[7:])
            if asked.get("algorithm", "MD5").upper() == wanted and "nonce" in asked:
                return _digest(asked, method, path, username, password)
    if any(one[:5].lower() == "basic" for one in challenges):
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    return None


def _fields(text: str) -> dict[str, str]:
    try:
        return {
            name.lower(): value for name, value in parse_keqv_list(parse_http_list(text)).items()
        }
    except (ValueError, IndexError):
        return {}


def _digest(asked: dict[str, str], method: str, path: str, username: str, password: str) -> str:
    name = _ALGORITHMS[asked.get("algorithm", "MD5").upper()]

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = asked.get("realm", ""), asked["nonce"]
    secret, request = hashed(f"{username}:{realm}:{password}"), hashed(f"{method}:{path}")
    answer = {"username": username, "realm": realm, "nonce": nonce, "uri": path}
    extra = ""
    if "auth" in [one.strip() for one in asked.get("qop", "").split(",")]:
        ours = secrets.token_hex(8)
        answer["response"] = hashed(f"{secret}:{nonce}:00000001:{ours}:auth:{request}")
        answer["cnonce"] = ours
        extra = ", qop=auth, nc=00000001"
    else:
        answer["response"] = hashed(f"{secret}:{nonce}:{request}")
    if "opaque" in asked:
        answer["opaque"] = asked["opaque"]
    if "algorithm" in asked:
        extra += f", algorithm={asked['algorithm']}"
    return "Digest " + ", ".join(f'{key}="{_quoted(one)}"' for key, one in answer.items()) + extra


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
