"""Invitations with the token that opens them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from portal.core.bearer import digest_of, new_secret
from portal.core.context import Actor, Scope
from portal.enrolment.models import Enrolment, Invitation
from tests.factories.enrolment import EnrolmentFaceFactory, EnrolmentFactory
from tests.factories.people import PersonFactory

__all__ = ["actor_of", "invitation", "submission"]


def invitation(*, person: object = None, agreed: bool = False, **fields: object):
    """An open invitation and its token; ``agreed`` with a draft to add photos to."""
    token = new_secret("ghj_", random_bytes=32)
    person = person or PersonFactory()
    if agreed:
        fields = {
            "enrolment": EnrolmentFactory(person=person),
            "consented_at": timezone.now(),
            "signer": "Ada Lovelace",
            "consent_address": "192.0.2.9",
            **fields,
        }
    row = Invitation.objects.create(
        person=person,
        digest=digest_of(token),
        **{"expires_at": timezone.now() + timedelta(hours=24), **fields},
    )
    return row, token


def submission(*, identity: int = 0, person: object = None):
    """One that waits for approval, with one good photo."""
    row, _ = invitation(person=person, agreed=True, used_at=timezone.now())
    EnrolmentFaceFactory(photo__enrolment=row.enrolment, identity=identity)
    row.enrolment.state = Enrolment.State.SUBMITTED
    row.enrolment.save()
    return row


def actor_of(row: Invitation) -> Actor:
    """Whoever holds the link."""
    return Actor(
        kind="invitation",
        id=str(row.pk),
        label="somebody invited",
        address="192.0.2.9",
        scope=Scope(person_id=row.person_id),
    )
