"""The photo that an act is about, locked until the act is written or undone."""

from __future__ import annotations

from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.people.models import FaceImage, Person
from portal.people.services.status import in_the_way, lock_living

__all__ = ["lock_photo", "lock_photo_of", "must_be_living"]


def lock_photo(image: FaceImage) -> FaceImage:
    """The row and its person, locked, for a new act.

    Raises ``DomainError`` where the photo was deleted, or its person is no longer in the lists: an
    act on the photo of somebody who was merged could not be undone before the merge is.
    """
    locked = FaceImage.objects.select_for_update().get(pk=image.pk)
    locked.person = lock_living(locked.person)
    if locked.state == FaceImage.State.REMOVED:
        raise DomainError(
            "This photo was deleted. Undo that in the journal first.",
            code="photo.state",
            http_status=409,
        )
    return locked


def lock_photo_of(act: Act) -> FaceImage | None:
    """The photo that ``act`` named, locked; None once it was deleted for good."""
    photos = FaceImage.objects.select_for_update().select_related("person")
    return photos.filter(pk=act.data["image"]).first()


def must_be_living(person: Person) -> None:
    """Raises ``DomainError``: an undo gives no photo to somebody who is not in the lists."""
    if person.status not in Person.LIVING:
        raise in_the_way(
            f"{person.name} is “{person.get_status_display()}” by now. Undo that first."
        )
