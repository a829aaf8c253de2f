"""The signature by which a receiver knows that a webhook came from here, unaltered, just now.

``Gatehouse-Signature: t=<unix seconds>,v1=<hex>``, where the hex is the HMAC-SHA256 of
``<t>.<body>`` under the channel's signing secret.
"""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["signature_of"]


def signature_of(body: bytes, *, secret: str, at_s: int) -> str:
    digest = hmac.new(secret.encode(), b"%d." % at_s + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"
