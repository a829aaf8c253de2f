"""Writing the audit log: inside the transaction of the act that it tells of.

Public surface: ``record`` for acts, ``record_view`` for faces that were looked at,
``renew_anchor`` after a restore. ``chain`` says how entries prove themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog
from django.core.cache import cache
from django.db import connection, models, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from portal.audit.anchor import advance_anchor, read_anchor, write_anchor
from portal.audit.chain import GENESIS, audit_key, hash_of
from portal.audit.models import AuditEntry
from portal.core.context import correlation_id, current_actor

__all__ = ["VIEW_WINDOW_S", "record", "record_view", "renew_anchor"]

logger = structlog.get_logger(__name__)

_ADVISORY_LOCK: Final = 0x6761_7465  # "gate": one writer of the chain at a time on PostgreSQL
# Whoever looks at the same face again within this time is not written down again.
VIEW_WINDOW_S: Final = 600


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
        previous_hash=last or GENESIS,
    )
    entry.hash = hash_of(entry)
    entry.save(force_insert=True)
    # Robust: an anchor that cannot be written is reported, and undoes nothing.
    transaction.on_commit(
        lambda: advance_anchor(entry, key=audit_key(), is_first=last is None), robust=True
    )
    return entry


def record_view(action: str, *, target: models.Model) -> None:
    """Write down that the actor looked at a face: of this person, or in this picture.

    Once in ``VIEW_WINDOW_S`` for each actor, target and action, so that a list of portraits that
    is looked at all day does not bury the log. Without a cache every look is written down.
    """
    actor = current_actor()
    name = f"audit.view:{actor.kind}:{actor.id}:{action}:{target._meta.label_lower}:{target.pk}"
    try:
        if cache.get(name):
            return
    except (RedisError, OSError):
        logger.warning("audit_views_not_deduplicated")
    record(action, target=target)
    transaction.on_commit(lambda: cache.set(name, 1, timeout=VIEW_WINDOW_S), robust=True)


@transaction.atomic
def renew_anchor(*, reason: str) -> AuditEntry:
    """Accept the log as it ends now, with an entry that says so and what was anchored before.

    For after an older database was restored; what the chain itself proves is not touched by it.
    """
    known = read_anchor()
    entry = record(
        "audit.anchor.renewed",
        before={"seq": known.seq, "hash": known.hash} if known else {},
        reason=reason,
    )
    transaction.on_commit(lambda: write_anchor(entry, key=audit_key()))
    return entry


def _lock_chain() -> None:
    """SQLite's IMMEDIATE transactions have one writer anyway; PostgreSQL is told."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
