"""A photo that was enrolled under the wrong person goes to the right one."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.journal.services import note_act
from portal.people.models import FaceImage, FaceTemplate, Person
from portal.people.services.gallery import person_key
from portal.people.services.locked_photo import lock_photo, lock_photo_of, must_be_living
from portal.people.services.reseal import reseal
from portal.people.services.revision import bump_gallery_revision
from portal.people.services.status import in_the_way, lock_living

__all__ = ["move_photo"]

_ACT: Final = "people.photo.moved"


@transaction.atomic
def move_photo(image: FaceImage, to_person: Person) -> Act:
    """Photo and templates become ``to_person``'s, sealed with that person's key.

    A photo that was set aside is in use there. Raises ``DomainError`` where that person has given
    no consent or has this very photo already.
    """
    require("people.manage")
    locked = lock_photo(image)
    source, target = locked.person, lock_living(to_person)
    if source.pk == target.pk:
        raise DomainError(
            f"The photo is {source.name}'s already. Choose somebody else.", code="photo.same_person"
        )
    if not target.consents.filter(withdrawn_at=None).exists():
        raise DomainError(
            f"No consent is recorded for {target.name}, so no photo may be kept. Record the consent "
            "first.",
            code="consent.missing",
            http_status=409,
        )
    if target.images.filter(photo_sha256=locked.photo_sha256).exists():
        raise DomainError(
            f"{target.name} has this very photo already. Delete it here instead.",
            code="photo.repeated",
            http_status=409,
        )
    before = {"state": locked.state, "reason": locked.state_reason}
    _hand_over(locked, target, state=FaceImage.State.ACTIVE, reason="")
    act = note_act(
        _ACT,
        f"Photo moved from {source.name} to {target.name}",
        data={"image": str(locked.pk), "from": str(source.pk), "before": before},
        person_id=target.pk,
        other_id=source.pk,
    )
    _audit("people.photo.moved", locked, source=source, target=target)
    return act


@undoes(_ACT, label="Photo moved", effect="The photo goes back to the person it came from.")
def _undo(act: Act) -> None:
    image = lock_photo_of(act)
    target = Person.objects.get(pk=act.data["from"])
    if image is None or image.state == FaceImage.State.REMOVED:
        raise in_the_way("The photo was deleted since. Undo that first.")
    if image.person_id != act.person_id:
        raise in_the_way(
            f"The photo is {image.person.name}'s by now: it was moved on, or the two were merged. "
            "Undo that first."
        )
    must_be_living(target)
    if not target.consents.filter(withdrawn_at=None).exists():
        raise in_the_way(f"{target.name}'s consent was withdrawn since: no photo may be kept.")
    if target.images.filter(photo_sha256=image.photo_sha256).exists():
        raise in_the_way(f"{target.name} was given this very photo again since.")
    source, before = image.person, act.data["before"]
    _hand_over(image, target, state=before["state"], reason=before["reason"])
    _audit("people.photo.moved_back", image, source=source, target=target)


def _hand_over(image: FaceImage, target: Person, *, state: str, reason: str) -> None:
    key = person_key(target)
    reseal([image, *image.templates.all()], data_key=key)
    image.person, image.state, image.state_reason = target, state, reason
    image.save(update_fields=["person", "state", "state_reason"])
    FaceTemplate.objects.filter(image=image).update(person=target)


def _audit(action: str, image: FaceImage, *, source: Person, target: Person) -> None:
    revision = bump_gallery_revision()
    record(
        action,
        target=target,
        before={"image": str(image.pk), "person": str(source.pk)},
        after={"person": str(target.pk), "revision": revision},
    )
