"""What whoever holds a link does on its page: open, agree or refuse, send in.

The actor is the invitation itself: it has no right but to its own draft. Public surface:
``MOST_PHOTOS_HOURLY``, ``agree``, ``note_opened``, ``refuse``, ``submit``.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import Actor, current_actor
from portal.core.errors import DomainError, NotFound
from portal.enrolment.models import Enrolment, Invitation
from portal.enrolment.own_verdicts import is_good, is_pending
from portal.enrolment.services.draft import announce, cancel_enrolment
from portal.enrolment.services.invite import give_key_up
from portal.people.consents import text_in_force
from portal.people.models import PolicyText
from portal.people.services import person_key

__all__ = ["MOST_PHOTOS_HOURLY", "SIGNER_LENGTH", "agree", "note_opened", "refuse", "submit"]

# Each costs a worker's time, also where the one before was dropped.
MOST_PHOTOS_HOURLY: Final = 60

_FOR_A_CHILD: Final = " (parent or guardian)"
SIGNER_LENGTH: Final = 120 - len(_FOR_A_CHILD)


def note_opened(invitation: Invitation) -> None:
    """The first look; programs that preview links look too, so nothing follows from it."""
    _own(invitation)
    if invitation.opened_at is None:
        invitation.opened_at = timezone.now()
        Invitation.objects.filter(pk=invitation.pk, opened_at=None).update(
            opened_at=invitation.opened_at
        )


@transaction.atomic
def agree(
    invitation: Invitation, *, policy: PolicyText | None, signer: str, is_guardian: bool
) -> Enrolment:
    """Note the consent with the text that was shown, and make the draft that the photos go to: no
    photo is taken before. Agreeing again (to a newer text) replaces what was noted.

    Raises ``DomainError`` ``policy.outdated`` where another text is in force by now.
    """
    actor = _own(invitation)
    if not signer.strip():
        raise DomainError("Please type your full name.", code="consent.signer")
    if policy is not None:
        newest = text_in_force(policy.language)
        if newest is None or newest.pk != policy.pk:
            raise DomainError(
                "The text was changed while you were reading. Please read it again.",
                code="policy.outdated",
                http_status=409,
            )
    locked = _lock(invitation)
    draft = locked.enrolment
    if draft is None:
        draft = Enrolment.objects.create(
            person=locked.person,
            created_by=locked.created_by,
            data_key_id=person_key(locked.person),
        )
    locked.enrolment, locked.policy = draft, policy
    locked.signer = signer.strip()[:SIGNER_LENGTH] + (_FOR_A_CHILD if is_guardian else "")
    locked.consented_at, locked.consent_address = timezone.now(), actor.address[:64]
    locked.save(update_fields=["enrolment", "policy", "signer", "consented_at", "consent_address"])
    record(
        "enrolment.invitation.consented",
        target=locked.person,
        after={
            "invitation": str(locked.pk),
            "policy": str(policy.pk) if policy else None,
            "for_a_child": is_guardian,
        },
    )
    return draft


@transaction.atomic
def refuse(invitation: Invitation) -> None:
    """ "I do not want this": the link ends, nothing is kept, and an administrator is told."""
    _own(invitation)
    locked = _lock(invitation)
    draft = locked.enrolment
    if draft is not None:
        cancel_enrolment(draft)
    locked.enrolment, locked.policy, locked.consented_at = None, None, None
    locked.signer = locked.consent_address = ""
    locked.refused_at = timezone.now()
    locked.save()
    give_key_up(locked.person)
    record(
        "enrolment.invitation.refused",
        target=locked.person,
        after={"invitation": str(locked.pk)},
    )


@transaction.atomic
def submit(invitation: Invitation) -> None:
    """Send the photos in. The link ends; an administrator approves, sends back or declines."""
    _own(invitation)
    locked = _lock(invitation)
    draft = locked.enrolment
    if draft is None or locked.consented_at is None or draft.state != Enrolment.State.DRAFT:
        raise DomainError(
            "Please read the text and agree first.", code="consent.missing", http_status=409
        )
    photos = list(draft.photos.prefetch_related("faces"))
    if any(is_pending(photo) for photo in photos):
        raise DomainError(
            "Some photos are still being looked at. Wait a moment and send them again.",
            code="enrolment.pending",
            http_status=409,
        )
    good = sum(is_good(photo) for photo in photos)
    if not good:
        raise DomainError(
            "No photo is good enough yet. Add one that shows your face clearly and from the front.",
            code="enrolment.no_photo",
            http_status=409,
        )
    locked.used_at, locked.note = timezone.now(), ""
    locked.save(update_fields=["used_at", "note"])
    draft.state = Enrolment.State.SUBMITTED
    draft.save(update_fields=["state"])
    record(
        "enrolment.invitation.submitted",
        target=locked.person,
        after={"invitation": str(locked.pk), "photos": good},
    )
    announce(draft)


def _own(invitation: Invitation) -> Actor:
    actor = current_actor()
    if actor.kind != "invitation" or actor.id != str(invitation.pk):
        raise NotFound("There is nothing here.")
    return actor


def _lock(invitation: Invitation) -> Invitation:
    """The row, locked and still open: of two who send at once, one does."""
    locked = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("person", "enrolment")
        .filter(pk=invitation.pk, expires_at__gt=timezone.now())
        .first()
    )
    if locked is None or locked.state not in {"sent", "opened"}:
        raise NotFound("This link was used already, or its time is over. Ask for a new one.")
    return locked
