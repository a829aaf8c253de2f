"""A draft enrolment: photos added, faces picked, photos dropped, the draft given up."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.db import transaction

from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.core.events import EnrolmentChanged, publish_on_commit
from portal.core.vault import vault
from portal.enrolment.access import require_edit
from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto
from portal.enrolment.services.rejudge import rejudge
from portal.jobs.dispatch import dispatch_on_commit
from portal.people.models import Person
from portal.people.services import person_key
from recognition.errors import ImageRejected
from recognition.intake import reencode_jpeg

__all__ = [
    "add_photo",
    "announce",
    "cancel_enrolment",
    "choose_face",
    "data_key_of",
    "drop_photo",
    "lock_draft",
    "start_enrolment",
    "vouch_for",
]

MAX_PHOTOS = 20
# Large enough for any face in a group photo, small enough to be quick.
MAX_SIDE_PX = 2560


@transaction.atomic
def start_enrolment(person: Person | None = None) -> Enrolment:
    actor = require("people.manage")
    return Enrolment.objects.create(
        person=person,
        created_by=actor.label[:254],
        data_key_id=person_key(person) if person else vault().keys.create(),
    )


def add_photo(enrolment: Enrolment, data: bytes, *, file_name: str, source: str) -> EnrolmentPhoto:
    """Take one photo in; its examination is asked for on commit.

    Raises ``DomainError`` with a code ``image.*`` for bytes that are no acceptable picture; the
    photos beside it are not touched.
    """
    require_edit(enrolment)
    try:
        photo = reencode_jpeg(data, max_side_px=MAX_SIDE_PX)
    except ImageRejected as error:
        status = 413 if error.code == "image.too_many_bytes" else 422
        raise DomainError(error.message, code=error.code, http_status=status) from error
    with transaction.atomic():
        draft = lock_draft(enrolment)
        sha256 = hashlib.sha256(data).hexdigest()
        same = draft.photos.filter(photo_sha256=sha256).first()
        if same is not None:
            return same
        if draft.photos.count() >= MAX_PHOTOS:
            raise DomainError(
                f"An enrolment takes at most {MAX_PHOTOS} photos. Three to five good ones are "
                "enough; remove one first.",
                code="enrolment.too_many_photos",
            )
        row = EnrolmentPhoto.objects.create(
            enrolment=draft,
            photo_key=vault().put("photos", photo.data, data_key=data_key_of(draft)),
            photo_sha256=sha256,
            file_name=file_name[:200],
            source=source,
            width_px=photo.width_px,
            height_px=photo.height_px,
        )
        dispatch_on_commit("enrolment.examine", str(row.pk))
        announce(draft)
    return row


@transaction.atomic
def choose_face(photo: EnrolmentPhoto, position: int) -> EnrolmentPhoto:
    """A person says which of several faces is meant."""
    require_edit(photo.enrolment)
    draft = lock_draft(photo.enrolment)
    if not photo.faces.filter(position=position).exists():
        raise DomainError("There is no such face in this photo.", code="enrolment.no_such_face")
    # Whoever vouched for the photo had the other face in mind.
    photo.chosen, photo.is_vouched = position, False
    photo.save(update_fields=["chosen", "is_vouched"])
    rejudge(draft)
    announce(draft)
    photo.refresh_from_db()
    return photo


@transaction.atomic
def vouch_for(photo: EnrolmentPhoto) -> EnrolmentPhoto:
    """Somebody looked: a photo that was set aside as unlike the others is this person's."""
    require("people.manage")
    require_edit(photo.enrolment)
    draft = lock_draft(photo.enrolment)
    photo.refresh_from_db()
    if photo.verdict != EnrolmentPhoto.Verdict.UNLIKE:
        raise DomainError(
            "This photo is not set aside, so there is nothing to say about it.",
            code="enrolment.not_set_aside",
            http_status=409,
        )
    record(
        "enrolment.photo.vouched",
        target=draft,
        after={"photo": str(photo.pk)},
        reason=photo.message,
    )
    photo.is_vouched = True
    photo.save(update_fields=["is_vouched"])
    rejudge(draft)
    announce(draft)
    photo.refresh_from_db()
    return photo


@transaction.atomic
def drop_photo(photo: EnrolmentPhoto) -> None:
    require_edit(photo.enrolment)
    draft = lock_draft(photo.enrolment)
    keys = keys_of([photo])
    photo.delete()
    rejudge(draft)
    announce(draft)
    _delete_on_commit(keys)


@transaction.atomic
def cancel_enrolment(enrolment: Enrolment) -> None:
    """Give a draft up: nothing of it is kept."""
    require_edit(enrolment)
    draft = lock_draft(enrolment)
    keys = keys_of(draft.photos.all())
    keys += [key for key in draft.frames.values_list("picture_key", flat=True) if key]
    draft.delete()
    if draft.person is None and draft.data_key_id is not None:
        vault().keys.destroy(draft.data_key_id)
    _delete_on_commit(keys)


def lock_draft(enrolment: Enrolment) -> Enrolment:
    """The row, locked; raises where the enrolment has ended already."""
    # What a person has sent in is changed by those who approve it alone.
    is_ours = current_actor().may("people.manage")
    states = {Enrolment.State.DRAFT} | ({Enrolment.State.SUBMITTED} if is_ours else set())
    locked = Enrolment.objects.select_for_update().filter(pk=enrolment.pk).first()
    if locked is None or locked.state not in states:
        raise DomainError(
            "This enrolment has ended already. Start a new one.",
            code="enrolment.ended",
            http_status=409,
        )
    return locked


def data_key_of(enrolment: Enrolment) -> UUID:
    """What seals the pictures and vectors of this draft."""
    if enrolment.data_key_id is None:
        raise DomainError(
            "This enrolment has ended already. Start a new one.",
            code="enrolment.ended",
            http_status=409,
        )
    return enrolment.data_key_id


def announce(enrolment: Enrolment) -> None:
    publish_on_commit("people", EnrolmentChanged(type="enrolment.changed", id=str(enrolment.pk)))


def keys_of(photos: object, *, kept: frozenset[str] = frozenset()) -> list[str]:
    """All vault keys of these photos and their faces, except the ``kept`` ones."""
    photo_rows = list(photos)  # type: ignore[call-overload]
    keys = [photo.photo_key for photo in photo_rows]
    for pair in EnrolmentFace.objects.filter(photo__in=photo_rows).values_list(
        "portrait_key", "aligned_key"
    ):
        keys += pair
    return [key for key in keys if key and key not in kept]


def _delete_on_commit(keys: list[str]) -> None:
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)
