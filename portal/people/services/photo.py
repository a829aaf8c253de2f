"""A photo taken out of the gallery, or back into it: deleted, or only set aside.

Neither touches the pictures: a deleted photo's blobs go when its act leaves the journal.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.journal.models import Act
from portal.journal.registry import forgets, undoes
from portal.journal.services import note_act
from portal.people.models import FaceImage
from portal.people.services.locked_photo import lock_photo, lock_photo_of, must_be_living
from portal.people.services.revision import bump_gallery_revision
from portal.people.services.status import in_the_way

__all__ = ["delete_photos", "remove_photo", "set_aside", "take_in"]

_ACT: Final = "people.photo.state"
_ACTIONS: Final = {
    FaceImage.State.ACTIVE: ("taken_in", "Photo of {} taken into use"),
    FaceImage.State.SET_ASIDE: ("set_aside", "Photo of {} set aside"),
    FaceImage.State.REMOVED: ("removed", "Photo of {} deleted"),
}


@transaction.atomic
def remove_photo(image: FaceImage, *, reason: str = "") -> Act:
    """Out of the gallery at once; photo and templates are deleted for good after ``Act.LIFE``."""
    require("people.manage")
    return _change(image, FaceImage.State.REMOVED, reason=reason)


@transaction.atomic
def set_aside(image: FaceImage, *, reason: str = "") -> Act:
    """Kept and shown, but not searched until it is taken in again."""
    require("people.manage")
    return _change(image, FaceImage.State.SET_ASIDE, reason=reason)


@transaction.atomic
def take_in(image: FaceImage) -> Act:
    """A photo that was set aside is searched again."""
    require("people.manage")
    return _change(image, FaceImage.State.ACTIVE, reason="")


def delete_photos(images: list[FaceImage]) -> None:
    """Delete rows, templates and, once they are surely gone, the blobs."""
    keys = [key for image in images for key in (image.portrait_key, image.aligned_key)]
    FaceImage.objects.filter(pk__in=[image.pk for image in images]).delete()
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)


def _change(image: FaceImage, state: str, *, reason: str) -> Act:
    locked = lock_photo(image)
    if locked.state == state:
        raise DomainError(
            f"This photo is “{locked.get_state_display()}” already: somebody was faster. Reload the "
            "page.",
            code="photo.state",
            http_status=409,
        )
    action, title = _ACTIONS[FaceImage.State(state)]
    before = {"state": locked.state, "reason": locked.state_reason}
    _put(locked, state, reason=reason)
    act = note_act(
        _ACT,
        title.format(locked.person.name),
        data={"image": str(locked.pk), "before": before, "after": state},
        person_id=locked.person_id,
    )
    revision = bump_gallery_revision()
    record(
        f"people.photo.{action}",
        target=locked.person,
        before={"image": str(locked.pk), "state": before["state"]},
        after={"state": state, "revision": revision},
        reason=reason,
    )
    image.state, image.state_reason = locked.state, locked.state_reason
    return act


@undoes(_ACT, label="Photo deleted or set aside", effect="The photo is again what it was before.")
def _undo(act: Act) -> None:
    image = lock_photo_of(act)
    if image is None:
        raise in_the_way("The photo was deleted for good since, with a consent or an erasure.")
    must_be_living(image.person)
    if image.state != act.data["after"]:
        raise in_the_way(
            f"The photo is “{image.get_state_display()}” by now. Undo what was done last first."
        )
    before = act.data["before"]
    _put(image, before["state"], reason=before["reason"])
    revision = bump_gallery_revision()
    record(
        "people.photo.state_restored",
        target=image.person,
        before={"image": str(image.pk), "state": act.data["after"]},
        after={"state": before["state"], "revision": revision},
    )


@forgets(_ACT)
def _forget(act: Act) -> None:
    """The blobs go with the last act that could have brought them back."""
    if act.data["after"] != FaceImage.State.REMOVED:
        return
    can_come_back = Act.objects.filter(
        kind=_ACT,
        undone_at=None,
        expires_at__gte=timezone.now(),
        data__image=act.data["image"],
        data__after=FaceImage.State.REMOVED,
    )
    if not can_come_back.exists():
        # By now it may be the photo of somebody whom a hold keeps.
        gone = FaceImage.objects.filter(
            pk=act.data["image"], state=FaceImage.State.REMOVED, person__legal_hold=False
        )
        delete_photos(list(gone))


def _put(image: FaceImage, state: str, *, reason: str) -> None:
    image.state, image.state_reason = state, reason[:200]
    image.save(update_fields=["state", "state_reason"])
