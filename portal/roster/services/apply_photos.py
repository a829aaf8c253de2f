"""A line's photos become its person's, or are noted with why they do not."""

from __future__ import annotations

from collections.abc import Sequence

from portal.core.vault import vault
from portal.engines.models import Space
from portal.people.models import FaceImage, LookalikePair, Person
from portal.people.services import NewFace, add_face, person_key
from portal.people.services.revision import bump_gallery_revision
from portal.roster.models import RosterPhoto, RosterRow
from portal.roster.services.results import Crop, ExaminedPhoto

__all__ = ["use_photos"]


def use_photos(
    row: RosterRow,
    person: Person,
    examined: Sequence[ExaminedPhoto],
    *,
    space: Space | None,
    may_use: bool,
) -> int:
    """Part of the line's transaction; returns how many photos the person got, in use or aside."""
    kinds = RosterPhoto.Verdict
    photos = {p.pk: p for p in row.photos.filter(verdict=kinds.WAITING)}
    added = 0
    for found in examined:
        photo = photos.get(found.photo_id)
        if photo is None:
            continue
        photo.is_examined, photo.reason = found.is_examined, found.reason[:300]
        if found.other_id is not None and space is not None:
            photo.other_id = found.other_id
            _note_lookalikes(person, found, space)
        if not may_use:
            photo.verdict, photo.reason = kinds.REFUSED, "there is no consent any more"
            photo.is_examined = False
        elif found.crop is None or space is None:
            photo.verdict = kinds.REFUSED
        else:
            photo.image = _add(
                person, photo, found.crop, space, is_aside=found.is_aside, why=found.reason
            )
            photo.verdict = kinds.SET_ASIDE if found.is_aside else kinds.USED
            added += 1
        photo.save()
    return added


def _add(
    person: Person, photo: RosterPhoto, crop: Crop, space: Space, *, is_aside: bool, why: str
) -> FaceImage:
    key = person_key(person)
    image = add_face(
        person,
        NewFace(
            vector=crop.vector,
            space=space,
            portrait_key=vault().put("portraits", crop.portrait, data_key=key),
            aligned_key=vault().put("aligned", crop.aligned, data_key=key),
            source=FaceImage.Source.ROSTER,
            photo_sha256=photo.sha256,
            file_name=photo.name.rpartition("/")[2],
            quality=crop.quality,
            pose=crop.pose,
        ),
    )
    if is_aside:
        image.state, image.state_reason = FaceImage.State.SET_ASIDE, why[:200]
        image.save(update_fields=["state", "state_reason"])
        bump_gallery_revision()
    return image


def _note_lookalikes(person: Person, found: ExaminedPhoto, space: Space) -> None:
    """For the page of look-alikes: nobody has said yet whether they are the same."""
    if found.other_id is None or found.other_id == person.pk:
        return
    first, second = sorted((person.pk, found.other_id))
    LookalikePair.objects.get_or_create(
        first_id=first,
        second_id=second,
        defaults={"space": space, "score": found.score},
    )
