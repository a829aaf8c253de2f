"""Erasure: everything that is known of somebody, for good, with a certificate of what that was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.journal.services import forget_acts_of
from portal.people.belongings import belongings_of, blobs_of
from portal.people.changes import What, tell
from portal.people.models import Consent, Person
from portal.people.services.faces_seen import forget_faces_of
from portal.people.services.revision import bump_gallery_revision

__all__ = ["ERASED", "certificate_hash", "erase_person"]

ERASED = "people.person.erased"


@dataclass(slots=True)
class _Removed:
    """Blobs to delete once the rows are surely gone, and how many rows of each kind went."""

    blobs: set[str]
    counts: dict[str, int]


@transaction.atomic
def erase_person(person: Person, *, reason: str = "") -> Person:
    """Remove name, photos, templates, drafts, credentials and consent texts of ``person``, and of
    every entry merged into it, and destroy their keys; past sightings lose name and crop.

    The row stays with its code, so that the code is never given to somebody else, and so do hours
    that were worked, which payroll must be able to prove: nobody's name is on them. Raises
    ``DomainError`` ``person.legal_hold`` while somebody must be kept. The audit row is the
    certificate: counts, the keys that were destroyed, and a hash over all of it.
    """
    actor = require("people.manage")
    locked = list(
        Person.objects.select_for_update()
        .filter(pk__in=[person.pk, *_merged_into(person)])
        .order_by("pk")
    )
    if any(one.status == Person.Status.ERASED for one in locked if one.pk == person.pk):
        raise DomainError(
            "This person was erased and cannot be changed.", code="person.erased", http_status=409
        )
    if any(one.legal_hold for one in locked):
        raise DomainError(
            "This person is under a legal hold, so nothing of theirs may be deleted. End the hold "
            "first.",
            code="person.legal_hold",
            http_status=409,
        )
    keys = [str(one.data_key_id) for one in locked if one.data_key_id]
    removed = _Removed(blobs=set(), counts={})
    for one in locked:
        _empty(one, removed)
    tell(*(one.pk for one in locked), what=What.ERASED)
    revision = bump_gallery_revision()
    now = timezone.now()
    certificate = {
        "person": str(person.pk),
        "code": person.code,
        "erased_at": now.isoformat(),
        "erased_by": actor.label,
        "keys_destroyed": keys,
        "entries": len(locked),
        **removed.counts,
    }
    record(
        ERASED,
        target=person,
        after={**certificate, "revision": revision, "certificate": certificate_hash(certificate)},
        reason=reason[:500],
    )
    transaction.on_commit(lambda: vault().delete_all(removed.blobs), robust=True)
    return next(one for one in locked if one.pk == person.pk)


def certificate_hash(certificate: Mapping[str, object]) -> str:
    """SHA-256 over the certificate's canonical JSON, so that a printed one can be checked."""
    canonical = json.dumps(dict(certificate), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


# What is counted on the certificate, and the relation that holds it.
_RELATIONS = {
    "photos": "images",
    "templates": "templates",
    "consents": "consents",
    "drafts": "enrolments",
    "invitations": "invitations",
    "credentials": "credentials",
    "sightings": "sightings",
    "visits": "visits",
}


def _merged_into(person: Person) -> list[UUID]:
    """Entries that became part of this person, and of those in turn."""
    found: list[UUID] = []
    layer = [person.pk]
    while layer:
        layer = list(
            Person.objects.filter(merged_into__in=layer, status=Person.Status.MERGED)
            .exclude(pk__in=found)
            .values_list("pk", flat=True)
        )
        found += layer
    return found


def _empty(person: Person, removed: _Removed) -> None:
    for name, relation in _RELATIONS.items():
        removed.counts[name] = removed.counts.get(name, 0) + getattr(person, relation).count()
    tables = belongings_of(person)
    for table in tables:
        if table.is_own:
            removed.blobs |= blobs_of(table)
    removed.blobs |= forget_faces_of(person)
    forget_acts_of(person.pk)
    for table in tables:
        if not table.is_direct or table.model in {Consent, Person}:
            continue
        if table.is_own:
            table.rows.delete()
        elif table.model._meta.get_field(table.field).null:
            table.rows.order_by().update(**{table.field: None})
    _blank_consents(person)
    if person.data_key_id is not None:
        vault().keys.destroy(person.data_key_id)
    person.name, person.email, person.department = "Erased person", "", None
    person.employed_from = person.employed_to = person.last_interaction_at = None
    person.status, person.data_key = Person.Status.ERASED, None
    person.save()


def _blank_consents(person: Person) -> None:
    """That there was a consent, to which text and when, stays provable; who signed goes."""
    person.consents.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
    person.consents.update(signer="", address="", evidence_key="", withdrawn_reason="")
