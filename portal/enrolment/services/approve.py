"""The answer to what somebody sent in by a link: approved, sent back, or declined.

Public surface: ``approve``, ``send_back``, ``decline``, ``note_refusal``.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.enrolment.mail import mail_is_set_up
from portal.enrolment.models import Enrolment, Invitation
from portal.enrolment.services.draft import announce
from portal.enrolment.services.finish import confirm_enrolment
from portal.enrolment.services.invite import LIFE, give_key_up, lock_invitation
from portal.enrolment.services.purge import discard_drafts
from portal.jobs.dispatch import ring_on_commit
from portal.people.models import Consent, Person
from portal.people.services import record_consent

__all__ = ["approve", "decline", "note_refusal", "send_back"]

NOTE_LENGTH = 500


@transaction.atomic
def approve(invitation: Invitation) -> Person:
    """The consent that was given on the page is recorded, and the photos are enrolled under it.

    Raises what ``confirm_enrolment`` raises, among it ``enrolment.lookalike`` while a face belongs
    to somebody else and nobody has said whether they are two.
    """
    require("people.manage")
    locked, draft = _waiting(invitation)
    person = draft.person or locked.person
    if locked.consented_at is None:
        raise DomainError(
            "No consent was given with these photos. Send them back.",
            code="consent.missing",
            http_status=409,
        )
    record_consent(
        person,
        basis=Consent.Basis.CONSENT,
        policy=locked.policy,
        method=Consent.Method.LINK,
        signer=locked.signer,
        address=locked.consent_address,
        given_at=locked.consented_at,
    )
    person = confirm_enrolment(draft, None, has_consent=False)
    if person.pk != locked.person_id:
        give_key_up(locked.person)
    _record("approved", locked, enrolled=str(person.pk))
    return person


@transaction.atomic
def send_back(invitation: Invitation, *, note: str) -> Invitation:
    """The same link works for 24 more hours; its page shows ``note``. Who has an address is told
    by mail where a mail server is set up."""
    require("people.manage")
    locked, draft = _waiting(invitation)
    if not note.strip():
        raise DomainError("Say what should be better, or they cannot know.", code="invitation.note")
    draft.state = Enrolment.State.DRAFT
    draft.save(update_fields=["state"])
    locked.note, locked.used_at = note.strip()[:NOTE_LENGTH], None
    locked.expires_at = timezone.now() + LIFE
    is_mailed = bool(locked.person.email) and mail_is_set_up()
    locked.mail = Invitation.Mail.WAITING if is_mailed else Invitation.Mail.NONE
    locked.save(update_fields=["note", "used_at", "expires_at", "mail"])
    _record("sent_back", locked)
    announce(draft)
    if is_mailed:
        ring_on_commit("invitation.mail")
    return locked


@transaction.atomic
def decline(invitation: Invitation, *, reason: str = "") -> None:
    """Everything that was sent in is deleted; the person stays, as they were before."""
    require("people.manage")
    locked, draft = _waiting(invitation)
    locked.enrolment, locked.declined_at = None, timezone.now()
    locked.policy, locked.signer, locked.consent_address = None, "", ""
    locked.save()
    discard_drafts([draft])
    give_key_up(locked.person)
    _record("declined", locked, reason=reason)
    announce(draft)


@transaction.atomic
def note_refusal(invitation: Invitation) -> None:
    """Somebody has read that the person does not want this."""
    require("people.manage")
    locked = lock_invitation(invitation)
    if locked.refused_at is None or locked.noted_at is not None:
        return
    locked.noted_at = timezone.now()
    locked.save(update_fields=["noted_at"])
    _record("refusal_noted", locked)


def _waiting(invitation: Invitation) -> tuple[Invitation, Enrolment]:
    locked = lock_invitation(invitation)
    draft = locked.enrolment
    if draft is None or draft.state != Enrolment.State.SUBMITTED:
        raise DomainError(
            "This was answered already, or its time is over.",
            code="invitation.ended",
            http_status=409,
        )
    return locked, draft


def _record(what: str, invitation: Invitation, *, reason: str = "", **facts: object) -> None:
    record(
        f"enrolment.invitation.{what}",
        target=invitation.person,
        after={"invitation": str(invitation.pk), **facts},
        reason=reason[:500],
    )
