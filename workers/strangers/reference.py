"""A face of a sighting becomes somebody's reference, after the checks that enrolment makes.

Public surface: ``add_reference``.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from portal.core.vault import VaultError, vault
from portal.enrolment.likeness import Portrayed, crop_print, sort_out
from portal.enrolment.selectors import enrolled_faces
from portal.people.models import FaceImage, LookalikePair, Person
from portal.review.services import record_reference, refuse_reference, waiting_reference
from recognition.errors import RecognitionError
from workers.anchors import embedded_crop
from workers.engine_host import EngineHost

__all__ = ["add_reference"]

_NEW: Final = "new"
_REPEATED: Final = "This face is nearly the same as a photo that is kept already."
_UNLIKE: Final = (
    "This face is unlike the other photos of this person. Look at it again: is it them?"
)
_ANOTHER: Final = "This face resembles somebody else who is enrolled more than this person."
_GONE: Final = "The crop of this face cannot be read any more."


def add_reference(host: EngineHost, act_id: UUID) -> FaceImage | None:
    """Make the template of the act's best face, mirrored too; None where it was refused, which the
    act then says, or taken back meanwhile."""
    waiting = waiting_reference(act_id)
    if waiting is None:
        return None
    try:
        crop = vault().get(waiting.aligned_key) if waiting.aligned_key else b""
        if not crop:
            refuse_reference(act_id, _GONE)
            return None
        vector = embedded_crop(host, crop)
    except (VaultError, RecognitionError):
        refuse_reference(act_id, _GONE)
        return None
    why = _what_is_wrong(host, waiting.person, vector, crop, quality=waiting.quality_score)
    if why:
        refuse_reference(act_id, why)
        return None
    return record_reference(act_id, vector, host.space)


def _what_is_wrong(
    host: EngineHost, person: Person, vector: NDArray[np.float32], crop: bytes, *, quality: float
) -> str:
    new = Portrayed(id=_NEW, vector=vector, quality=quality, crop=partial(crop_print, crop))
    sorting = sort_out([*enrolled_faces(person.pk, space_id=host.space.id), new])
    if _NEW in sorting.repeated:
        return _REPEATED
    if _NEW in sorting.unlike:
        return _UNLIKE
    host.gallery.refresh()
    (found,) = host.gallery.nearest([vector])
    own = next((one.score for one in found if one.person_id == str(person.pk)), -1.0)
    bar = max(host.duplicate_policy().threshold, own)
    known_apart = _told_apart(person)
    if any(
        one.score >= bar
        for one in found
        if one.person_id != str(person.pk) and one.person_id not in known_apart
    ):
        return _ANOTHER
    return ""


def _told_apart(person: Person) -> set[str]:
    """Of whom somebody said that they look like this person and are another."""
    pairs = LookalikePair.objects.filter(answer=LookalikePair.Answer.DIFFERENT)
    ends = [
        *pairs.filter(first=person).values_list("second", flat=True),
        *pairs.filter(second=person).values_list("first", flat=True),
    ]
    return {str(pk) for pk in ends}
