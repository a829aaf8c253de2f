"""A tablet opens the link: the link's key is used up, and the tablet gets one of its own.

Public surface: ``Pairing``, ``pair``, ``kiosk_of``, ``keys_of``.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from portal.audit.services import record
from portal.core.bearer import digest_of, new_secret
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.kiosk.models import Kiosk
from portal.kiosk.sealing import PURPOSE, Keys

__all__ = ["Pairing", "keys_of", "kiosk_of", "pair"]


@dataclass(frozen=True, slots=True)
class Pairing:
    """``token`` goes into a cookie that scripts cannot read, ``keys`` to the tablet's own store."""

    kiosk: Kiosk
    token: str
    keys: Keys
    next_sequence: int


@transaction.atomic
def pair(key: str) -> Pairing:
    """Raises ``DomainError`` ``kiosk.link``, which is the same for an unknown, an old and a used
    link."""
    now = timezone.now()
    row = (
        Kiosk.objects.select_for_update(of=("self",))
        .select_related("camera__site")
        .filter(key_digest=digest_of(key), link_until__gt=now, revoked_at=None)
        .first()
    )
    if row is None:
        raise DomainError(
            "This link does not work any more: it opens one tablet, once, within a day. Ask for a "
            "new one where kiosks are managed.",
            code="kiosk.link",
            http_status=404,
        )
    token = new_secret("ghd_", random_bytes=32)
    row.key_digest, row.link_until, row.paired_at = digest_of(token), None, now
    row.save(update_fields=["key_digest", "link_until", "paired_at"])
    record("kiosks.kiosk.paired", target=row)
    last = row.events.aggregate(last=Max("sequence"))["last"]
    return Pairing(row, token, keys_of(row), (last or 0) + 1)


def kiosk_of(kiosk_id: UUID, token: str) -> Kiosk | None:
    """The kiosk whose cookie this is, as long as it is in use."""
    row = Kiosk.objects.select_related("camera__site").filter(pk=kiosk_id).first()
    is_its_own = row is not None and hmac.compare_digest(row.key_digest, digest_of(token))
    if row is None or not is_its_own or row.link_until is not None or row.revoked_at is not None:
        return None
    return row if row.camera.is_enabled else None


def keys_of(kiosk: Kiosk) -> Keys:
    return Keys.of(vault().open(bytes(kiosk.sealed_secret), purpose=PURPOSE))
