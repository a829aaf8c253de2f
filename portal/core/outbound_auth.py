"""Answers to the challenge of a camera that wants a user name and a password.

Basic and Digest (RFC 7616: MD5 and SHA-256, with ``qop=auth`` or without), because most cameras
know nothing else. Public surface: ``authorization``.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Final

__all__ = ["authorization"]

# The strongest first; that a camera knows none but MD5 is not ours to mend.
_ALGORITHMS: Final = {"SHA-256": "sha256", "MD5": "md5"}
_FIELD: Final = re.compile(r'([a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(.)")


def authorization(
    challenges: Sequence[str],
    *,
    method: str,
    path: str,
    username: str,
    password: str,
    count: int = 1,
) -> str | None:
    """The ``Authorization`` header for the strongest of ``challenges``, as the ``count``-th answer
    to it; None where there is none that can be answered."""
    digests = [_fields(one[7:]) for one in challenges if one[:7].lower() == "digest "]
    for wanted in _ALGORITHMS:
        for asked in digests:
            if asked.get("algorithm", "MD5").upper() == wanted and _is_answerable(asked):
                return _digest(
                    asked,
                    request=f"{method}:{path}",
                    path=path,
                    username=username,
                    password=password,
                    count=count,
                )
    if any(one[:5].lower() == "basic" for one in challenges):
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    return None


def _fields(text: str) -> dict[str, str]:
    return {
        found[1].lower(): found[3] or _ESCAPED.sub(r"\1", found[2] or "")
        for found in _FIELD.finditer(text)
    }


def _is_answerable(asked: dict[str, str]) -> bool:
    """Not one that wants the body hashed too, and nothing less (``qop=auth-int``)."""
    qop = asked.get("qop", "").lower()
    return "nonce" in asked and (not qop or "auth" in re.split(r"[,\s]+", qop))


def _digest(
    asked: dict[str, str], *, request: str, path: str, username: str, password: str, count: int
) -> str:
    name = _ALGORITHMS[asked.get("algorithm", "MD5").upper()]

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = asked.get("realm", ""), asked["nonce"]
    secret, hashed_request = hashed(f"{username}:{realm}:{password}"), hashed(request)
    answer = {"username": username, "realm": realm, "nonce": nonce, "uri": path}
    extra = ""
    if asked.get("qop"):
        turn, ours = f"{count:08x}", secrets.token_hex(8)
        answer["response"] = hashed(f"{secret}:{nonce}:{turn}:{ours}:auth:{hashed_request}")
        answer["cnonce"] = ours
        extra = f", qop=auth, nc={turn}"
    else:
        answer["response"] = hashed(f"{secret}:{nonce}:{hashed_request}")
    if "opaque" in asked:
        answer["opaque"] = asked["opaque"]
    if "algorithm" in asked:
        extra += f", algorithm={asked['algorithm']}"
    return "Digest " + ", ".join(f'{key}="{_quoted(one)}"' for key, one in answer.items()) + extra


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
