"""What a tablet's events are signed and sealed with.

Public surface: ``Keys``, ``SealBroken``. An event is signed by HMAC-SHA256 with a secret that the
tablet holds as well. What it is about (a code and its PIN, a QR code, pictures) is sealed to a key
whose private half never leaves the server, so that a tablet that is stolen while the server is away
gives away nobody's PIN: PINs are short, and anything less could be tried out.

Sealed form: 65 bytes of a fresh public key (P-256, uncompressed), 12 bytes nonce, AES-256-GCM. The
AES key is HKDF-SHA256 of the shared secret; the signed event is authenticated with it, so that the
same PIN cannot be put under another event.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["PURPOSE", "Keys", "SealBroken"]

PURPOSE: Final = "kiosk-keys"
_INFO: Final = b"gatehouse-kiosk-1"
_SECRET_BYTES: Final = 32
_PUBLIC_BYTES: Final = 65
_NONCE_BYTES: Final = 12
_CURVE: Final = ec.SECP256R1()


class SealBroken(Exception):
    """It was sealed for another kiosk, for another event, or by nobody."""


@dataclass(frozen=True)
class Keys:
    """Of one kiosk. ``signing`` is the tablet's as well, ``private`` the server's alone."""

    signing: bytes
    private: bytes

    @classmethod
    def new(cls) -> Self:
        scalar = ec.generate_private_key(_CURVE).private_numbers().private_value
        return cls(secrets.token_bytes(_SECRET_BYTES), scalar.to_bytes(_SECRET_BYTES, "big"))

    @classmethod
    def of(cls, packed: bytes) -> Self:
        return cls(packed[:_SECRET_BYTES], packed[_SECRET_BYTES:])

    @property
    def packed(self) -> bytes:
        return self.signing + self.private

    @property
    def public(self) -> bytes:
        """The point, uncompressed, as browsers take it."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def has_signed(self, event: bytes, sealed: bytes, signature: str) -> bool:
        return hmac.compare_digest(self.sign(event, sealed), signature.lower())

    def sign(self, event: bytes, sealed: bytes) -> str:
        """Of the event and, by its digest, of what is sealed."""
        signed = event + b"\0" + hashlib.sha256(sealed).digest()
        return hmac.new(self.signing, signed, hashlib.sha256).hexdigest()

    def open(self, sealed: bytes, *, event: bytes) -> bytes:
        """Raises ``SealBroken``."""
        point = sealed[:_PUBLIC_BYTES]
        nonce = sealed[_PUBLIC_BYTES : _PUBLIC_BYTES + _NONCE_BYTES]
        try:
            sender = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
            shared = self._key.exchange(ec.ECDH(), sender)
            cipher = AESGCM(_derived(shared))
            return cipher.decrypt(nonce, sealed[_PUBLIC_BYTES + _NONCE_BYTES :], event)
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(self.private, "big"), _CURVE)


def _derived(shared: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_INFO).derive(shared)
