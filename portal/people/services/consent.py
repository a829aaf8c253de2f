"""Consent: recording why a person's face may be kept, and ending it with all that rests on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.people.models import Consent, FaceImage, FaceTemplate, LookalikePair, Person, PolicyText
from portal.people.services.faces_seen import forget_aligned_of, forget_vectors_of
from portal.people.services.gallery import person_key
from portal.people.services.revision import bump_gallery_revision
from portal.people.services.status import lock_living

__all__ = [
    "MAX_EVIDENCE_BYTES",
    "Withdrawal",
    "expire_consents",
    "publish_text",
    "record_consent",
    "set_legal_hold",
    "withdraw_consent",
]

MAX_EVIDENCE_BYTES = 10 * 1024 * 1024
_REPLACED = "Replaced by a later consent"
_EXPIRED = "Its term was over"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawal removed; ``held`` photos stay sealed until the legal hold ends."""

    images: int
    templates: int
    drafts: int
    invitations: int
    held: int
    revision: int


@transaction.atomic
def record_consent(
    person: Person,
    *,
    basis: str = Consent.Basis.CONSENT,
    policy: PolicyText | None = None,
    method: str = Consent.Method.RECORDED,
    signer: str = "",
    address: str = "",
    evidence: bytes = b"",
    given_at: datetime | None = None,
) -> Consent:
    """Note the basis on which this person's templates are kept.

    An active one stays where the call brings nothing new; it is closed and followed by the new one
    where that names another text or carries ``evidence`` (a scan, sealed with the person's key).
    The consent ends by itself after the text's term, which begins ``given_at``, as a rule now.
    """
    actor = require("people.manage")
    if len(evidence) > MAX_EVIDENCE_BYTES:
        raise DomainError(
            f"The scan has {len(evidence) / 2**20:.0f} MB; expected at most "
            f"{MAX_EVIDENCE_BYTES // 2**20}. Scan it with a lower resolution.",
            code="consent.evidence_too_large",
            http_status=413,
        )
    person = lock_living(person)
    now = timezone.now()
    active = person.consents.filter(withdrawn_at=None).first()
    if active is not None:
        is_over = active.expires_at is not None and active.expires_at <= now
        is_same = policy is None or active.policy_id == policy.pk
        if is_same and not evidence and not is_over:
            return active
        active.withdrawn_at, active.withdrawn_reason = now, _REPLACED
        active.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    consent = Consent.objects.create(
        person=person,
        basis=basis,
        method=method,
        policy=policy,
        signer=signer.strip()[:120],
        address=address[:64],
        evidence_key=(
            vault().put("evidence", evidence, data_key=person_key(person)) if evidence else ""
        ),
        recorded_by=actor.label[:254],
        given_at=given_at or now,
        expires_at=_end_of_term(policy, given_at or now),
    )
    person.last_interaction_at = now
    person.save(update_fields=["last_interaction_at"])
    record(
        "people.consent.recorded",
        target=person,
        after={
            "consent": str(consent.pk),
            "basis": basis,
            "method": method,
            "policy": str(policy.pk) if policy else None,
            "evidence": bool(evidence),
        },
    )
    return consent


@transaction.atomic
def withdraw_consent(person: Person, *, reason: str = "") -> Withdrawal:
    """End the consent and remove every template and photo made under it, drafts and open
    invitations too; the person stays, with PIN or QR code.

    From the next search on no worker finds them. Under a legal hold the photos stay, sealed and
    out of use, until it ends. Raises ``DomainError`` ``consent.none`` where nothing is to end.
    """
    require("people.manage")
    person = lock_living(person)
    now = timezone.now()
    closed = person.consents.filter(withdrawn_at=None).update(
        withdrawn_at=now, withdrawn_reason=reason[:200]
    )
    images = person.images.all()
    if not closed and not images.exists():
        raise DomainError(
            f"{person.name} has no active consent and no photo, so there is nothing to withdraw.",
            code="consent.none",
            http_status=409,
        )
    templates = FaceTemplate.objects.filter(person=person)
    template_count, image_count = templates.count(), images.count()
    templates.delete()
    keys = _drop_drafts(person)
    drafts = len(keys)
    invitations = person.invitations.filter(used_at=None, revoked_at=None).update(revoked_at=now)
    LookalikePair.objects.filter(first=person).delete()
    LookalikePair.objects.filter(second=person).delete()
    blobs = [key for draft in keys for key in draft]
    if person.legal_hold:
        images.update(state=FaceImage.State.SET_ASIDE, state_reason="Kept under a legal hold")
    else:
        blobs += _drop_images(person)
        blobs += forget_aligned_of(person)
    forget_vectors_of(person)
    revision = bump_gallery_revision()
    outcome = Withdrawal(
        images=0 if person.legal_hold else image_count,
        templates=template_count,
        drafts=drafts,
        invitations=invitations,
        held=image_count if person.legal_hold else 0,
        revision=revision,
    )
    record(
        "people.consent.withdrawn",
        target=person,
        after={
            "images": outcome.images,
            "templates": outcome.templates,
            "drafts": outcome.drafts,
            "invitations": outcome.invitations,
            "held": outcome.held,
            "revision": revision,
        },
        reason=reason[:500],
    )
    transaction.on_commit(lambda: vault().delete_all(blobs), robust=True)
    return outcome


def expire_consents(*, now: datetime | None = None) -> int:
    """Withdraw every consent whose term is over; returns how many people that were.

    Of people who are removed or merged nobody is recognised; they are met again if that is undone.
    """
    due = Consent.objects.filter(
        withdrawn_at=None,
        expires_at__lte=now or timezone.now(),
        person__status__in=Person.LIVING,
    )
    people = list(Person.objects.filter(pk__in=due.values("person")))
    for person in people:
        withdraw_consent(person, reason=_EXPIRED)
    return len(people)


@transaction.atomic
def set_legal_hold(person: Person, is_held: bool, *, reason: str) -> Person:
    """Nothing of a person under a legal hold is deleted by a clock or erased by hand. When it
    ends, photos that it alone kept are removed at once."""
    require("privacy.manage")
    person = lock_living(person)
    if person.legal_hold == is_held:
        return person
    person.legal_hold = is_held
    person.save(update_fields=["legal_hold", "updated_at"])
    record(
        "people.person.legal_hold",
        target=person,
        before={"legal_hold": not is_held},
        after={"legal_hold": is_held},
        reason=reason[:500],
    )
    if not is_held and not person.consents.filter(withdrawn_at=None).exists():
        blobs = _drop_images(person)
        transaction.on_commit(lambda: vault().delete_all(blobs), robust=True)
    return person


@transaction.atomic
def publish_text(
    *, title: str, body: str, language: str = "en", term_days: int | None = None
) -> PolicyText:
    """Publish a new version; earlier ones stay as they are. Raises ``DomainError``
    ``policy.unchanged`` for the very text that is in force."""
    actor = require("privacy.manage")
    # Exactly these bytes are what people agree to, whatever system they were typed on.
    body = body.replace("\r\n", "\n").strip() + "\n"
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    of_language = PolicyText.objects.select_for_update().filter(language=language)
    newest = of_language.order_by("-version").first()
    if newest is not None and (newest.sha256, newest.term_days) == (sha256, term_days):
        raise DomainError(
            f"This is word for word version {newest.version}, which is in force already.",
            code="policy.unchanged",
            http_status=409,
        )
    last = of_language.aggregate(last=Max("version"))["last"] or 0
    text = PolicyText.objects.create(
        language=language,
        version=last + 1,
        title=title.strip()[:120],
        body=body,
        sha256=sha256,
        term_days=term_days,
        published_at=timezone.now(),
        published_by=actor.label[:254],
    )
    record(
        "people.policy.published",
        target=text,
        after={"version": text.version, "language": language, "sha256": sha256},
    )
    return text


def _end_of_term(policy: PolicyText | None, given_at: datetime) -> datetime | None:
    if policy is None or policy.term_days is None:
        return None
    return given_at + timedelta(days=policy.term_days)


def _drop_images(person: Person) -> list[str]:
    """Delete all photo rows; returns the blobs that were theirs."""
    blobs = [
        key
        for pair in person.images.values_list("portrait_key", "aligned_key")
        for key in pair
        if key
    ]
    person.images.all().delete()
    return blobs


def _drop_drafts(person: Person) -> list[set[str]]:
    """Delete what was not confirmed; returns the blobs per enrolment."""
    unfinished = person.enrolments.exclude(state="confirmed")
    keys = []
    for draft in unfinished:
        rows = draft.photos.values_list("photo_key", "faces__portrait_key", "faces__aligned_key")
        keys.append({key for row in rows for key in row if key})
    unfinished.delete()
    return keys
