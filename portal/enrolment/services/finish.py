"""The confirmation: from a draft to a person who is recognised from the next search on."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.enrolment.access import require_edit
from portal.enrolment.models import Enrolment, EnrolmentPhoto
from portal.enrolment.services.draft import announce, keys_of, lock_draft
from portal.enrolment.services.lookalikes import record_pairs
from portal.people.models import Consent, Person, PolicyText
from portal.people.services import (
    NewFace,
    PersonDetails,
    add_face,
    create_person,
    record_consent,
)
from portal.people.vectors import open_vector

__all__ = ["confirm_enrolment"]


@transaction.atomic
def confirm_enrolment(
    enrolment: Enrolment,
    details: PersonDetails | None,
    *,
    has_consent: bool,
    basis: str = Consent.Basis.CONSENT,
    policy: PolicyText | None = None,
    method: str = Consent.Method.RECORDED,
    signer: str = "",
) -> Person:
    """Make the person (or add to the one named at the start) from all usable photos.

    One transaction: person, consent, photos, templates, audit rows and the gallery's revision
    appear together or not at all. Photos that are not usable are dropped. ``policy`` is the text
    that was shown; where the person has an active consent already, ``has_consent`` may be False.
    """
    require("people.manage")
    require_edit(enrolment)
    draft = lock_draft(enrolment)
    photos = list(draft.photos.prefetch_related("faces"))
    if any(photo.verdict == EnrolmentPhoto.Verdict.PENDING for photo in photos):
        raise DomainError(
            "Some photos are still being examined. Wait a moment and confirm again.",
            code="enrolment.pending",
            http_status=409,
        )
    if any(photo.verdict == EnrolmentPhoto.Verdict.OTHER_PERSON for photo in photos):
        raise DomainError(
            "A face here belongs to somebody else already. Say whether it is the same person, or "
            "remove the photo.",
            code="enrolment.lookalike",
            http_status=409,
        )
    usable = [photo for photo in photos if photo.verdict == EnrolmentPhoto.Verdict.USABLE]
    if not usable:
        raise DomainError(
            "No photo is usable yet. Add one that shows the face clearly and from the front.",
            code="enrolment.no_photo",
        )
    if not has_consent and not _has_active_consent(draft.person):
        raise DomainError(
            "Without a recorded consent no face may be kept. Tick the box once the person agreed.",
            code="consent.missing",
        )
    if draft.person is not None:
        person = draft.person
    elif details is not None:
        person = create_person(details)
        # The draft's key is the person's from here on: nothing needs to be sealed anew.
        person.data_key_id = draft.data_key_id
        person.save(update_fields=["data_key"])
    else:
        raise DomainError("A person needs a name.", code="person.name")
    if has_consent:
        record_consent(person, basis=basis, policy=policy, method=method, signer=signer)
    kept: set[str] = set()
    for photo in usable:
        face = photo.faces.select_related("space").get(position=photo.chosen or 0)
        image = add_face(
            person,
            NewFace(
                vector=open_vector(face.sealed_vector),
                space=face.space,
                portrait_key=face.portrait_key,
                aligned_key=face.aligned_key,
                source=photo.source,
                photo_sha256=photo.photo_sha256,
                file_name=photo.file_name,
                quality=face.quality,
                pose=face.pose,
            ),
        )
        kept |= {image.portrait_key, image.aligned_key}
    pairs = record_pairs(person, usable)
    unused = keys_of(photos, kept=frozenset(kept))
    unused += [key for key in draft.frames.values_list("picture_key", flat=True) if key]
    draft.frames.all().delete()
    draft.photos.all().delete()
    draft.person, draft.state = person, Enrolment.State.CONFIRMED
    draft.confirmed_at = timezone.now()
    draft.save()
    record(
        "enrolment.confirmed",
        target=person,
        after={
            "photos": len(usable),
            "dropped": len(photos) - len(usable),
            "vouched": sum(photo.is_vouched for photo in usable),
            "lookalikes": pairs,
        },
    )
    announce(draft)
    transaction.on_commit(lambda: vault().delete_all(unused), robust=True)
    return person


def _has_active_consent(person: Person | None) -> bool:
    return person is not None and person.consents.filter(withdrawn_at=None).exists()
