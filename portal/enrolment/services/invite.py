"""Invitations: links by which people enrol themselves, made, renewed, taken back, cleared away.

A link's token has 256 random bits and is never stored: the caller is given it once, or a worker
makes one and mails it. Public surface: ``NewLink``, ``Invited``, ``create_invitation``,
``invite_many``, ``renew_invitation``, ``revoke_invitation``, ``purge_invitations``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.audit.services import record
from portal.core.bearer import digest_of, new_secret
from portal.core.context import require
from portal.core.errors import DomainError, NotFound
from portal.core.vault import vault
from portal.enrolment.invitations import SHOWN_FOR
from portal.enrolment.mail import mail_is_set_up
from portal.enrolment.models import Enrolment, Invitation
from portal.enrolment.services.purge import discard_drafts
from portal.jobs.dispatch import ring_on_commit
from portal.people.models import Person
from portal.people.selectors import is_within
from portal.people.services.status import lock_living

__all__ = [
    "LIFE",
    "Invited",
    "NewLink",
    "create_invitation",
    "fresh_token",
    "give_key_up",
    "invite_many",
    "lock_invitation",
    "purge_invitations",
    "renew_invitation",
    "revoke_invitation",
]

LIFE: Final = timedelta(hours=24)
MOST_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class NewLink:
    """``token`` is shown now or never; empty where a worker will mail one of its own."""

    invitation: Invitation
    token: str


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of inviting many: the links, and who was passed over with the reason."""

    links: tuple[NewLink, ...]
    skipped: tuple[tuple[Person, str], ...]


@transaction.atomic
def create_invitation(person: Person, *, by_mail: bool = False) -> NewLink:
    """A link for ``person``, who exists already. An earlier one that was not used ends, with the
    photos that were added by it.

    Raises ``DomainError`` ``invitation.waiting`` where something of theirs waits for approval.
    """
    actor = require("people.manage")
    person = _invitable(person, by_mail=by_mail)
    for earlier in person.invitations.filter(_IS_OPEN).select_related("enrolment"):
        _close(earlier)
    token = fresh_token()
    invitation = Invitation.objects.create(
        person=person,
        digest=digest_of(token),
        created_by=actor.label[:254],
        expires_at=timezone.now() + LIFE,
    )
    _record("created", invitation, by_mail=by_mail)
    return _hand_out(invitation, token, by_mail=by_mail)


def invite_many(people: Sequence[Person], *, by_mail: bool = False) -> Invited:
    """Each in a transaction of its own: who cannot be invited costs nobody else the link."""
    require("people.manage")
    if len(people) > MOST_AT_ONCE:
        raise DomainError(
            f"{len(people):,} people were chosen; {MOST_AT_ONCE:,} can be invited at once.",
            code="invitation.too_many",
        )
    links, skipped = [], []
    for person in people:
        try:
            links.append(create_invitation(person, by_mail=by_mail))
        except DomainError as error:
            skipped.append((person, error.message))
    return Invited(tuple(links), tuple(skipped))


@transaction.atomic
def renew_invitation(invitation: Invitation, *, by_mail: bool = False) -> NewLink:
    """A new link and 24 hours for the same invitation; the old link ends, the photos stay."""
    require("people.manage")
    locked = lock_invitation(invitation)
    _invitable(locked.person, by_mail=by_mail)
    if locked.state not in {"sent", "opened", "expired"}:
        raise DomainError(
            f"This invitation was {locked.state}. Invite the person anew.",
            code="invitation.ended",
            http_status=409,
        )
    token = fresh_token()
    locked.digest, locked.expires_at = digest_of(token), timezone.now() + LIFE
    locked.used_at = locked.opened_at = None
    locked.save(update_fields=["digest", "expires_at", "used_at", "opened_at"])
    _record("renewed", locked, by_mail=by_mail)
    return _hand_out(locked, token, by_mail=by_mail)


@transaction.atomic
def revoke_invitation(invitation: Invitation) -> Invitation:
    """The link leads nowhere any more, and photos that were added by it are deleted."""
    require("people.manage")
    locked = lock_invitation(invitation)
    if locked.state not in {"sent", "opened", "expired"}:
        raise DomainError(
            f"This invitation was {locked.state} already.",
            code="invitation.ended",
            http_status=409,
        )
    _close(locked)
    _record("revoked", locked)
    return locked


def purge_invitations() -> int:
    """Delete the photos of links that expired, and rows of what was over long ago; returns how
    many invitations lost their photos. The nightly purge calls this."""
    require("people.manage")
    now = timezone.now()
    expired = Invitation.objects.filter(
        expires_at__lte=now, enrolment__state=Enrolment.State.DRAFT, person__legal_hold=False
    ).select_related("enrolment", "person")
    count = 0
    for invitation in expired:
        with transaction.atomic():
            locked = lock_invitation(invitation)
            if locked.expires_at > now or locked.enrolment is None:
                continue  # renewed in this very moment
            discard_drafts([locked.enrolment])
            give_key_up(locked.person)
            count += 1
    # What waited too long for approval was deleted by its own clock, which knows no keys.
    for person in Person.objects.filter(
        invitations__enrolment=None, data_key__isnull=False
    ).distinct():
        with transaction.atomic():
            give_key_up(person)
    over = Q(enrolment=None) | Q(enrolment__state=Enrolment.State.CONFIRMED)
    Invitation.objects.filter(over, expires_at__lte=now - SHOWN_FOR).delete()
    return count


def lock_invitation(invitation: Invitation) -> Invitation:
    """The row, locked, where the actor's scope reaches its person; or ``NotFound``."""
    actor = require("people.manage")
    locked = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("person", "enrolment")
        .filter(pk=invitation.pk)
        .first()
    )
    if locked is None or not is_within(actor.scope, locked.person):
        raise NotFound("There is no such invitation any more.")
    return locked


def fresh_token() -> str:
    return new_secret("ghj_", random_bytes=32)


def give_key_up(person: Person) -> None:
    """Destroy the person's data key where nothing that it seals is kept."""
    locked = Person.objects.select_for_update().get(pk=person.pk)
    is_needed = (
        locked.data_key_id is None
        or locked.legal_hold
        # Somebody who was removed or merged can be brought back with all that was theirs.
        or locked.status not in Person.LIVING
        or locked.images.exists()
        or locked.templates.exists()
        or locked.enrolments.exclude(state=Enrolment.State.CONFIRMED).exists()
        or locked.consents.exclude(evidence_key="").exists()
    )
    if is_needed or locked.data_key_id is None:
        return
    vault().keys.destroy(locked.data_key_id)
    locked.data_key = None
    locked.save(update_fields=["data_key"])


def _invitable(person: Person, *, by_mail: bool) -> Person:
    actor = require("people.manage")
    locked = lock_living(person)
    if not is_within(actor.scope, locked):
        raise NotFound("There is no such person, or the person was erased.")
    if locked.status == Person.Status.LEFT:
        raise DomainError(
            f"{locked.name} has left. Reinstate them first.", code="person.left", http_status=409
        )
    if locked.invitations.filter(enrolment__state=Enrolment.State.SUBMITTED).exists():
        raise DomainError(
            f"Photos of {locked.name} wait for approval already. Answer those first.",
            code="invitation.waiting",
            http_status=409,
        )
    if by_mail and not mail_is_set_up():
        raise DomainError(
            "No mail server is set up, so that no link can be mailed. Show the links instead.",
            code="mail.not_set_up",
            http_status=409,
        )
    if by_mail and not locked.email:
        raise DomainError(
            f"{locked.name} has no e-mail address. Show the link instead, or add the address.",
            code="person.no_email",
        )
    return locked


def _hand_out(invitation: Invitation, token: str, *, by_mail: bool) -> NewLink:
    invitation.mail = Invitation.Mail.WAITING if by_mail else Invitation.Mail.NONE
    invitation.note = ""
    invitation.save(update_fields=["mail", "note"])
    if not by_mail:
        return NewLink(invitation, token)
    ring_on_commit("invitation.mail")
    return NewLink(invitation, "")


def _close(invitation: Invitation) -> None:
    invitation.revoked_at = timezone.now()
    draft, invitation.enrolment = invitation.enrolment, None
    invitation.save(update_fields=["revoked_at", "enrolment"])
    if draft is not None:
        discard_drafts([draft])
    give_key_up(invitation.person)


def _record(what: str, invitation: Invitation, **facts: object) -> None:
    record(
        f"enrolment.invitation.{what}",
        target=invitation.person,
        after={"invitation": str(invitation.pk), **facts},
    )


_IS_OPEN = Q(used_at=None, revoked_at=None, refused_at=None, declined_at=None)
