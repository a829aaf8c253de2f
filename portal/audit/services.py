"""Writing the audit log: inside the transaction of the act that it tells of.

Each entry's hash is ``HMAC-SHA256(key, previous hash ‖ canonical JSON of the entry)`` with a key
outside the database, so that editing, deleting, swapping or inserting rows breaks the chain.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import correlation_id, current_actor
from portal.core.keys import load_or_create_key_bytes

__all__ = ["first_broken_entry", "record"]

_GENESIS = "0" * 64
_ADVISORY_LOCK = 0x6761_7465  # "gate": one writer of the chain at a time on PostgreSQL


@transaction.atomic
def record(
    action: str,
    *,
    target: models.Model | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Append an entry for the current actor. Never holds pictures, templates or secrets."""
    _lock_chain()
    actor = current_actor()
    last = AuditEntry.objects.order_by("-seq").values_list("hash", flat=True).first()
    entry = AuditEntry(
        at=timezone.now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
        address=actor.address,
        correlation_id=correlation_id(),
        action=action,
        target_type=target._meta.label_lower if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason,
        previous_hash=last or _GENESIS,
    )
    entry.hash = _hash_of(entry)
    entry.save(force_insert=True)
    return entry


def first_broken_entry() -> int | None:
    """The ``seq`` of the first entry whose hash or link is wrong; None where all is sound."""
    previous = _GENESIS
    for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=500):
        if entry.previous_hash != previous or not hmac.compare_digest(entry.hash, _hash_of(entry)):
            return entry.seq
        previous = entry.hash
    return None


def _hash_of(entry: AuditEntry) -> str:
    content = {
        field.attname: getattr(entry, field.attname)
        for field in AuditEntry._meta.concrete_fields
        if field.attname not in {"seq", "hash", "at"}
    }
    content["at"] = entry.at.isoformat()
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(_key(), canonical.encode(), hashlib.sha256).hexdigest()


def _lock_chain() -> None:
    """SQLite's IMMEDIATE transactions have one writer anyway; PostgreSQL is told."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


@lru_cache(maxsize=1)
def _key() -> bytes:
    return load_or_create_key_bytes(Path(settings.DATA_DIR) / "keys" / "audit.key")
