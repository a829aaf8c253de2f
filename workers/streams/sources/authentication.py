"""Basic and digest authentication (RFC 7616) of an HTTP request. Public surface: ``Login``."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Final

__all__ = ["Login"]

_PART = re.compile(r'([a-zA-Z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
# The strongest first; that a camera knows none but MD5 is not ours to mend.
_HASHES: Final = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}


class Login:
    """Answers the challenges of one camera; nothing is told before it was asked for."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._challenge: dict[str, str] | None = None
        self._is_basic = False
        self._count = 0

    def take(self, challenges: Sequence[str]) -> bool:
        """Choose among the camera's challenges; False where none can be answered."""
        if not self._username:
            return False
        digests = [_parts(one) for one in challenges if one.lower().startswith("digest")]
        for name in _HASHES:
            for parts in digests:
                if parts.get("algorithm", "MD5").upper() == name and _is_plain(parts):
                    self._challenge, self._is_basic, self._count = parts, False, 0
                    return True
        self._is_basic = any(one.lower().startswith("basic") for one in challenges)
        self._challenge = None
        return self._is_basic

    def header(self, method: str, path: str) -> str | None:
        """The ``Authorization`` of the next request, once the camera asked for one."""
        if self._is_basic:
            login = f"{self._username}:{self._password}".encode()
            return f"Basic {base64.b64encode(login).decode('ascii')}"
        if self._challenge is None:
            return None
        return self._digest(self._challenge, method, path)

    def _digest(self, challenge: dict[str, str], method: str, path: str) -> str:
        name = challenge.get("algorithm", "MD5").upper()

        def hashed(text: str) -> str:
            return _HASHES[name](text.encode()).hexdigest()

        realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
        who = hashed(f"{self._username}:{realm}:{self._password}")
        what = hashed(f"{method}:{path}")
        fields = {"username": self._username, "realm": realm, "nonce": nonce, "uri": path}
        plain = {"algorithm": name}
        if challenge.get("qop"):
            self._count += 1
            count, own = f"{self._count:08x}", secrets.token_hex(8)
            fields["response"] = hashed(f"{who}:{nonce}:{count}:{own}:auth:{what}")
            fields["cnonce"] = own
            plain |= {"qop": "auth", "nc": count}
        else:
            fields["response"] = hashed(f"{who}:{nonce}:{what}")
        if "opaque" in challenge:
            fields["opaque"] = challenge["opaque"]
        quoted = [f'{key}="{_escaped(value)}"' for key, value in fields.items()]
        return "Digest " + ", ".join([*quoted, *(f"{k}={v}" for k, v in plain.items())])


def _is_plain(parts: dict[str, str]) -> bool:
    return "qop" not in parts or "auth" in re.split(r"[,\s]+", parts["qop"].lower())


def _parts(challenge: str) -> dict[str, str]:
    _, _, rest = challenge.partition(" ")
    return {m[1].lower(): m[2] if m[2] is not None else m[3] for m in _PART.finditer(rest)}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
