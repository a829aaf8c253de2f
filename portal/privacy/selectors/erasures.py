"""Certificates of erasure, read from the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from portal.audit.models import AuditEntry
from portal.core.context import EVERYTHING, require
from portal.core.errors import NotFound
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.people.services.erase import ERASED, certificate_hash

__all__ = ["Certificate", "certificate", "certificate_of", "certificates"]

_NOT_COUNTS = {"person", "code", "erased_at", "erased_by", "keys_destroyed", "entries"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """One erasure as it was written into the audit log."""

    seq: int
    at: datetime
    actor: str
    reason: str
    code: str
    keys: tuple[str, ...]
    counts: dict[str, int]
    sha256: str
    audit_hash: str
    is_genuine: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def certificates() -> list[Certificate]:
    """Newest first, of people within the actor's scope."""
    return [_read(entry) for entry in _entries()]


def certificate(seq: int) -> Certificate:
    entry = _entries().filter(seq=seq).first()
    if entry is None:
        raise NotFound("There is no such certificate.")
    return _read(entry)


def certificate_of(person_id: UUID) -> Certificate:
    """That of somebody who was just erased."""
    return _read(_entries().filter(target_id=str(person_id))[0])


def _entries() -> QuerySet[AuditEntry]:
    actor = require("privacy.view")
    entries = AuditEntry.objects.filter(action=ERASED, after__has_key="certificate")
    if actor.scope != EVERYTHING:
        erased = Person.objects.filter(within_scope(actor.scope), status=Person.Status.ERASED)
        entries = entries.filter(
            target_id__in=[str(pk) for pk in erased.values_list("pk", flat=True)]
        )
    return entries.order_by("-seq")


def _read(entry: AuditEntry) -> Certificate:
    after: dict[str, Any] = dict(entry.after)
    sha256 = after.pop("certificate")
    after.pop("revision", None)
    return Certificate(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor_label,
        reason=entry.reason,
        code=after["code"],
        keys=tuple(after["keys_destroyed"]),
        counts={name: n for name, n in after.items() if name not in _NOT_COUNTS},
        sha256=sha256,
        audit_hash=entry.hash,
        is_genuine=certificate_hash(after) == sha256,
    )
