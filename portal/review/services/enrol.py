"""A stranger goes into the enrolment wizard: ``enrol_stranger``."""

from __future__ import annotations

import io
from typing import Final

import structlog
from django.db import transaction
from PIL import Image

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.events import ReviewChanged, publish_on_commit
from portal.core.vault import VaultError, vault
from portal.enrolment.models import Enrolment
from portal.enrolment.services import add_photo, start_enrolment
from portal.people.models import FaceImage
from portal.review.models import Stranger
from portal.review.services.subjects import lock_strangers
from portal.sightings.models import RecognisedFace
from recognition.intake import reencode_jpeg

__all__ = ["enrol_stranger"]

logger = structlog.get_logger(__name__)

_State = Stranger.State
# As many as the wizard asks for, from as many visits.
_CROPS: Final = 5
# Of the box's longer side: the examination looks for the face anew and wants hair and chin.
_ROOM: Final = 2.0
# A portrait's side: what is smaller than that shows no more.
_LEAST_PX: Final = 160


@transaction.atomic
def enrol_stranger(stranger: Stranger) -> Enrolment:
    """A draft with the best crops as photos; the same one while it is open. Once it is confirmed,
    the stranger has a name. Raises ``DomainError`` where no crop is kept any more."""
    require("review.decide")
    require("people.manage")
    (locked,) = lock_strangers([stranger], open_for=(_State.OPEN, _State.WATCHED, _State.IGNORED))
    if locked.enrolment is not None and locked.enrolment.state == Enrolment.State.DRAFT:
        return locked.enrolment
    crops = _best_crops(locked)
    if not crops:
        raise DomainError(
            "No picture of this stranger is kept any more. Enrol the person with photos of their "
            "own.",
            code="review.no_crop",
            http_status=409,
        )
    draft = start_enrolment()
    for number, (face, data) in enumerate(crops, start=1):
        camera = face.recognition.camera
        place = camera.name if camera is not None else "camera"
        add_photo(draft, data, file_name=f"{place} {number}.jpg", source=FaceImage.Source.SIGHTING)
    locked.enrolment = draft
    locked.save(update_fields=["enrolment"])
    record(
        "review.stranger.enrolling",
        target=locked,
        after={"enrolment": str(draft.pk), "photos": len(crops)},
    )
    publish_on_commit("review", ReviewChanged(type="review.changed"))
    return draft


def _best_crops(stranger: Stranger) -> list[tuple[RecognisedFace, bytes]]:
    visits = stranger.visits.filter(best_face__isnull=False).exclude(best_face__portrait_key="")
    rows = visits.select_related("best_face__recognition__camera").order_by("-faces_usable", "-id")
    faces = [one.best_face for one in rows[:50] if one.best_face is not None]
    faces.sort(key=lambda face: -float(face.quality.get("score", 0.0)))
    found: list[tuple[RecognisedFace, bytes]] = []
    for face in faces:
        data = _picture_of(face)
        if data is not None:
            found.append((face, data))
        if len(found) == _CROPS:
            break
    return found


def _picture_of(face: RecognisedFace) -> bytes | None:
    """Cut from the whole picture where that is kept and shows more than the small portrait."""
    try:
        key = face.recognition.picture_key
        cut = _cut(vault().get(key), face) if key else None
        return cut or vault().get(face.portrait_key)
    except VaultError as error:
        logger.warning("crop_unreadable", face=face.pk, code=error.code)
        return None


def _cut(picture: bytes, face: RecognisedFace) -> bytes | None:
    upright = reencode_jpeg(picture)
    x, y, width, height = (float(value) for value in face.box)
    with Image.open(io.BytesIO(upright.data)) as image:
        scale = image.width / max(face.recognition.width_px, 1)
        half = max(width, height) * scale * _ROOM / 2
        middle_x, middle_y = (x + width / 2) * scale, (y + height / 2) * scale
        part = image.crop(
            (
                max(0, round(middle_x - half)),
                max(0, round(middle_y - half)),
                min(image.width, round(middle_x + half)),
                min(image.height, round(middle_y + half)),
            )
        )
        if min(part.size) < _LEAST_PX:
            return None
        out = io.BytesIO()
        part.save(out, "JPEG", quality=95)
    return out.getvalue()
