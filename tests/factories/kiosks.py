"""Kiosks, and a tablet that signs and seals as the page's scripts do.

The cryptography is written out here once more, from the format's description: a mistake that both
sides of the product share would not be seen otherwise.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import factory
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.cameras.models import Camera
from portal.core.bearer import digest_of
from portal.core.vault import vault
from portal.kiosk.models import Kiosk, KioskEvent
from portal.kiosk.sealing import PURPOSE, Keys
from tests.factories.sightings import CameraFactory

__all__ = ["KioskEventFactory", "KioskFactory", "Tablet", "paired_tablet"]

CURVE = ec.SECP256R1()


class KioskFactory(DjangoModelFactory):
    """In use by a tablet whose cookie nobody knows."""

    class Meta:
        model = Kiosk

    camera = factory.SubFactory(CameraFactory, kind=Camera.Kind.BROWSER)
    key_digest = factory.LazyFunction(lambda: digest_of(secrets.token_hex(8)))
    sealed_secret = factory.LazyFunction(lambda: vault().seal(Keys.new().packed, purpose=PURPOSE))
    paired_at = factory.LazyFunction(timezone.now)
    last_seen_at = factory.LazyFunction(timezone.now)


class KioskEventFactory(DjangoModelFactory):
    class Meta:
        model = KioskEvent

    kiosk = factory.SubFactory(KioskFactory)
    sequence = factory.Sequence(lambda n: n + 1)
    digest = factory.LazyFunction(lambda: secrets.token_hex(32))
    kind = KioskEvent.Kind.PIN
    direction = "in"
    at = factory.LazyFunction(timezone.now)
    device_at = factory.SelfAttribute("at")
    outcome = KioskEvent.Outcome.REFUSED
    reason = "wrong_pin"


@dataclass
class Tablet:
    """A browser with a kiosk's cookie and keys. ``fast_ms`` is by how much its clock is ahead, and
    ``skew_ms`` what it believes that to be."""

    browser: Client
    kiosk_id: str
    signing: bytes
    public: bytes
    sequence: int
    fast_ms: float = 0.0
    skew_ms: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    def event(
        self, kind: str, direction: str = "in", *, at: datetime | None = None, **more: Any
    ) -> bytes:
        """The text of its next event; ``at`` is by its own clock."""
        own = at or datetime.fromtimestamp(timezone.now().timestamp() + self.fast_ms / 1000, UTC)
        data = {
            "kiosk": self.kiosk_id,
            "sequence": self.sequence,
            "kind": kind,
            "direction": direction,
            "device_at": own.isoformat(),
            "skew_ms": self.skew_ms,
            **self.extra,
            **more,
        }
        self.sequence = int(data["sequence"]) + 1 if isinstance(data["sequence"], int) else 1
        return json.dumps(data).encode()

    def seal(self, event: bytes, plain: bytes, *, public: bytes | None = None) -> bytes:
        own = ec.generate_private_key(CURVE)
        other = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public or self.public)
        shared = own.exchange(ec.ECDH(), other)
        key = HKDF(
            algorithm=hashes.SHA256(), length=32, salt=b"", info=b"gatehouse-kiosk-1"
        ).derive(shared)
        nonce = secrets.token_bytes(12)
        point = own.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return point + nonce + AESGCM(key).encrypt(nonce, plain, event)

    def sign(self, event: bytes, sealed: bytes, *, key: bytes | None = None) -> str:
        signed = event + b"\0" + hashlib.sha256(sealed).digest()
        return hmac.new(key or self.signing, signed, "sha256").hexdigest()

    def send(self, event: bytes, sealed: bytes, signature: str) -> Any:
        return self.browser.post(
            "/kiosk/events/",
            {
                "event": event.decode(),
                "signature": signature,
                "sealed": SimpleUploadedFile("sealed", sealed),
            },
            headers={"Accept": "application/json"},
        )

    def deliver(self, event: bytes, plain: bytes) -> Any:
        sealed = self.seal(event, plain)
        return self.send(event, sealed, self.sign(event, sealed))

    def pin(self, code: str, pin: str, direction: str = "in", **event: Any) -> Any:
        plain = json.dumps({"code": code, "secret": pin}).encode()
        return self.deliver(self.event("pin", direction, **event), plain)

    def qr(self, token: str, direction: str = "in", **event: Any) -> Any:
        return self.deliver(
            self.event("qr", direction, **event), json.dumps({"secret": token}).encode()
        )

    def faces(self, *pictures: bytes, direction: str = "in", **event: Any) -> Any:
        ages = [0.35 * (len(pictures) - 1 - number) for number in range(len(pictures))]
        plain = b"".join(struct.pack(">I", len(one)) + one for one in pictures)
        return self.deliver(self.event("face", direction, ages_s=ages, **event), plain)


def paired_tablet(kiosk: Kiosk, key: str, **options: Any) -> Tablet:
    """Opens the link as a tablet does."""
    browser = Client(**options)
    answer = browser.post("/kiosk/pair/", {"key": key})
    assert answer.status_code == 200, answer.content
    given = answer.json()
    return Tablet(
        browser=browser,
        kiosk_id=given["kiosk"],
        signing=bytes.fromhex(given["signing"]),
        public=bytes.fromhex(given["public"]),
        sequence=given["next_sequence"],
    )
