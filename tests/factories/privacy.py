"""Consent texts, a consent with its scan, an erasure."""

from __future__ import annotations

import hashlib

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, acting_as
from portal.core.vault import vault
from portal.people.models import Consent, Person, PolicyText
from portal.people.services import erase_person, person_key
from tests.factories.people import PersonFactory

__all__ = ["SCAN", "PolicyTextFactory", "erasure", "signed_consent"]

SCAN = b"%PDF-1.4 a signed sheet"


class PolicyTextFactory(DjangoModelFactory):
    class Meta:
        model = PolicyText

    version = factory.Sequence(lambda n: n + 1)
    title = "Consent to face recognition"
    body = factory.LazyAttribute(lambda o: f"Text number {o.version}.\n")
    sha256 = factory.LazyAttribute(lambda o: hashlib.sha256(o.body.encode()).hexdigest())
    published_at = factory.LazyFunction(timezone.now)


def signed_consent(person: Person) -> Consent:
    """The active consent of somebody enrolled, with the scan of a signed sheet."""
    consent = person.consents.get(withdrawn_at=None)
    consent.evidence_key = vault().put("evidence", SCAN, data_key=person_key(person))
    consent.save()
    return consent


def erasure() -> AuditEntry:
    """The certificate of somebody who was erased."""
    with acting_as(SYSTEM):
        gone = erase_person(PersonFactory(name="Gone Forgotten"), reason="asked for it")
    return AuditEntry.objects.filter(target_id=str(gone.pk)).order_by("-seq")[0]
