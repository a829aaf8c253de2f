"""What Gatehouse keeps of the person whose account it is: for their own eyes.

Public surface: ``OwnData``, ``own_data``, ``own_photo``, ``own_sighting``. Everything is reached
through the link between user and person, whatever else the user's role may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q

from portal.audit.models import AuditEntry
from portal.core.context import Actor, require
from portal.core.errors import NotFound
from portal.people.consents import active_consents
from portal.people.models import Consent, Credential, FaceImage, Person
from portal.sightings.models import RecognisedFace

__all__ = ["Look", "OwnData", "own_data", "own_photo", "own_sighting"]

SIGHTINGS: Final = 20
LOOKS: Final = 50


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody who looked at this person's face data, or took it out of Gatehouse."""

    who: str
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class OwnData:
    """``person`` is None where the account is nobody's in particular."""

    person: Person | None
    consent: Consent | None = None
    photos: tuple[FaceImage, ...] = ()
    sightings: tuple[RecognisedFace, ...] = ()
    credentials: tuple[Credential, ...] = ()
    looks: tuple[Look, ...] = ()


def own_data() -> OwnData:
    actor = require("self.view")
    person = _own_person(actor)
    if person is None:
        return OwnData(None)
    faces = person.sightings.select_related("recognition__camera").order_by("-id")
    return OwnData(
        person=person,
        consent=active_consents().filter(person=person).select_related("policy").first(),
        photos=tuple(person.images.exclude(state=FaceImage.State.REMOVED)),
        sightings=tuple(faces[:SIGHTINGS]),
        credentials=tuple(person.credentials.filter(revoked_at=None)),
        looks=tuple(_looks(person, actor)),
    )


def own_photo(image_id: UUID) -> FaceImage:
    person = _own_person(require("self.view"))
    # Without a person nothing is asked for: a face of nobody's is not one's own.
    image = (
        None
        if person is None
        else (
            FaceImage.objects.select_related("person")
            .filter(person=person, pk=image_id)
            .exclude(state=FaceImage.State.REMOVED)
            .first()
        )
    )
    if image is None:
        raise NotFound("There is no such photo of you.")
    return image


def own_sighting(face_id: int) -> RecognisedFace:
    person = _own_person(require("self.view"))
    face = (
        None
        if person is None
        else (
            RecognisedFace.objects.select_related("person")
            .filter(person=person, pk=face_id)
            .exclude(portrait_key="")
            .first()
        )
    )
    if face is None:
        raise NotFound("There is no such picture of you, or it was deleted.")
    return face


def _own_person(actor: Actor) -> Person | None:
    if actor.kind != "user":
        return None
    return (
        Person.objects.select_related("site", "department")
        .filter(user=int(actor.id), status__in=Person.LIVING)
        .first()
    )


def _looks(person: Person, actor: Actor) -> list[Look]:
    """Looks at pictures and exports by others; one's own are nobody's news."""
    entries = (
        AuditEntry.objects.filter(
            Q(action__endswith=".viewed") | Q(action__endswith=".exported"),
            target_type=Person._meta.label_lower,
            target_id=str(person.pk),
        )
        .exclude(actor_kind=actor.kind, actor_id=actor.id)
        .order_by("-seq")
    )
    return [Look(entry.actor_label or "Gatehouse", entry) for entry in entries[:LOOKS]]
