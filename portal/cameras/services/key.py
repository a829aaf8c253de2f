"""The key by which a camera sends its snapshots."""

from __future__ import annotations

from django.db import transaction

from portal.audit.services import record
from portal.cameras.models import Camera
from portal.core.bearer import digest_of, new_secret
from portal.core.context import require

__all__ = ["new_key", "renew_key"]


def new_key() -> str:
    return new_secret("ghc_", random_bytes=24)


@transaction.atomic
def renew_key(camera: Camera) -> str:
    """A new key; the old one stops working at once."""
    require("cameras.manage")
    key = new_key()
    camera = Camera.objects.select_for_update().get(pk=camera.pk)
    camera.key_digest = digest_of(key)
    camera.save(update_fields=["key_digest"])
    record("cameras.camera.key_renewed", target=camera)
    return key
