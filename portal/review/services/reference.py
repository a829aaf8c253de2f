"""A sighting as a reference: which face, and what the worker made of it.

Public surface: ``choose_reference``, ``drop_reference``, ``waiting_references``,
``record_reference``, ``refuse_reference``, ``WaitingReference``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.events import ReviewChanged, publish_on_commit
from portal.core.vault import VaultError, vault
from portal.engines.models import Space
from portal.enrolment.likeness import angle_of
from portal.journal.models import Act
from portal.people.consents import active_consents
from portal.people.models import FaceImage, Person
from portal.people.services import NewFace, add_face, person_key
from portal.people.services.photo import delete_photos
from portal.people.services.revision import bump_gallery_revision
from portal.people.services.status import in_the_way
from portal.sightings.models import RecognisedFace, Visit
from recognition.contracts import FaceQuality
from recognition.decision import ENROLMENT_FLOORS, describe_issue, quality_issues

__all__ = [
    "WaitingReference",
    "choose_reference",
    "drop_reference",
    "record_reference",
    "refuse_reference",
    "waiting_reference",
    "waiting_references",
]

_ACT: Final = "review.assign"
_STILL: Final = "The visits can be named without adding a reference."
_MEASURED: Final = frozenset(field.name for field in fields(FaceQuality))


@dataclass(frozen=True, slots=True)
class WaitingReference:
    """What the recognition worker needs of a reference that is to be made."""

    act_id: UUID
    person: Person
    face_id: int
    aligned_key: str
    quality_score: float


def choose_reference(visits: Iterable[Visit], person: Person) -> int:
    """The id of the best face of these visits. Raises ``DomainError`` where none is good enough,
    naming what is too low, or where no consent covers ``person``."""
    if not active_consents().filter(person=person).exists():
        raise DomainError(
            f"No consent is recorded for {person.name}, so no reference may be kept. Record the "
            f"consent first. {_STILL}",
            code="consent.missing",
            http_status=409,
        )
    faces = [
        visit.best_face
        for visit in visits
        if visit.best_face is not None
        and visit.best_face.aligned_key
        and visit.best_face.portrait_key
    ]
    faces.sort(key=lambda face: (-float(face.quality.get("score", 0.0)), face.pk))
    said = "No crop of these visits is kept any more."
    for face in faces:
        words = _what_is_too_low(face)
        if words is None:
            return face.pk
        said = words if face is faces[0] else said
    raise DomainError(f"{said} {_STILL}", code="review.reference_quality", http_status=422)


def waiting_references(*, limit: int = 50) -> list[UUID]:
    """Acts whose reference no worker has made yet, oldest first; the sweep asks again for them."""
    acts = Act.objects.filter(kind=_ACT, undone_at=None, data__reference__state="waiting")
    return list(acts.order_by("id").values_list("pk", flat=True)[:limit])


def waiting_reference(act_id: UUID) -> WaitingReference | None:
    """None where it was made, refused or taken back meanwhile."""
    act = Act.objects.filter(pk=act_id, kind=_ACT, undone_at=None).select_related("person").first()
    if act is None or act.person is None or _state(act) != "waiting":
        return None
    face = RecognisedFace.objects.filter(pk=act.data["reference"]["face"]).first()
    return WaitingReference(
        act_id=act.pk,
        person=act.person,
        face_id=face.pk if face is not None else 0,
        aligned_key=face.aligned_key if face is not None else "",
        quality_score=float(face.quality.get("score", 0.0)) if face is not None else 0.0,
    )


@transaction.atomic
def record_reference(act_id: UUID, vector: NDArray[np.float32], space: Space) -> FaceImage | None:
    """The face becomes part of the gallery; None where the act was taken back meanwhile."""
    require("people.manage")
    act, face = _locked(act_id)
    if act is None or face is None or act.person is None:
        return None
    try:
        aligned, portrait = vault().get(face.aligned_key), vault().get(face.portrait_key)
    except VaultError:
        _answer(act, state="refused", message="The crop is not kept any more.")
        return None
    sha256 = hashlib.sha256(aligned).hexdigest()
    if act.person.images.filter(photo_sha256=sha256).exists():
        _answer(act, state="refused", message="This very face is a reference already.")
        return None
    key = person_key(act.person)
    camera = face.recognition.camera
    try:
        image = add_face(
            act.person,
            NewFace(
                vector=vector,
                space=space,
                portrait_key=vault().put("portraits", portrait, data_key=key),
                aligned_key=vault().put("aligned", aligned, data_key=key),
                source=FaceImage.Source.SIGHTING,
                photo_sha256=sha256,
                file_name=camera.name if camera is not None else "",
                quality=face.quality,
                pose=angle_of(
                    yaw_degrees=float(face.quality.get("yaw_degrees", 0.0)),
                    pitch_degrees=float(face.quality.get("pitch_degrees", 0.0)),
                ),
            ),
        )
    except DomainError as error:
        # The consent was withdrawn in the meantime.
        _answer(act, state="refused", message=error.message)
        return None
    _answer(act, state="added", image=str(image.pk))
    return image


@transaction.atomic
def refuse_reference(act_id: UUID, message: str) -> None:
    """What the worker found wrong; the visits keep their name."""
    require("people.manage")
    act, _ = _locked(act_id)
    if act is not None:
        _answer(act, state="refused", message=message)


def drop_reference(act: Act) -> None:
    """Part of the undo: the photo goes with its template. Raises ``DomainError`` where somebody
    decided on that photo since."""
    if _state(act) != "added":
        return
    require("people.manage")
    image = FaceImage.objects.select_for_update().filter(pk=act.data["reference"]["image"]).first()
    if image is None:
        return
    if image.state != FaceImage.State.ACTIVE or image.person_id != act.person_id:
        raise in_the_way(
            "The reference that was added is another person's, set aside or deleted by now. Undo "
            "that first."
        )
    delete_photos([image])
    revision = bump_gallery_revision()
    record("people.photo.reference_dropped", after={"image": str(image.pk), "revision": revision})


def _locked(act_id: UUID) -> tuple[Act | None, RecognisedFace | None]:
    act = Act.objects.select_for_update().filter(pk=act_id, kind=_ACT, undone_at=None).first()
    if act is None or _state(act) != "waiting":
        return None, None
    face = (
        RecognisedFace.objects.select_related("recognition__camera")
        .filter(pk=act.data["reference"]["face"])
        .first()
    )
    return act, face


def _answer(act: Act, **outcome: Any) -> None:
    act.data["reference"].update(outcome)
    act.save(update_fields=["data"])
    record(
        f"review.reference.{outcome['state']}",
        after={"act": str(act.pk), "image": outcome.get("image", "")},
    )
    publish_on_commit("review", ReviewChanged(type="review.changed"))


def _state(act: Act) -> str:
    return str(act.data.get("reference", {}).get("state", ""))


def _what_is_too_low(face: RecognisedFace) -> str | None:
    measured = {name: value for name, value in face.quality.items() if name in _MEASURED}
    try:
        quality = FaceQuality(**measured)
    except TypeError:
        return "This face was not measured well enough to judge it."
    issues = quality_issues(quality, ENROLMENT_FLOORS)
    return describe_issue(issues[0], quality, ENROLMENT_FLOORS) if issues else None
