"""Reads of people and of the gallery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

import numpy as np
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from portal.core.context import Scope, current_actor, require
from portal.core.errors import NotFound
from portal.core.vault import key_ids_of, vault
from portal.people.models import (
    Consent,
    FaceImage,
    FaceTemplate,
    GalleryState,
    LookalikePair,
    Person,
)
from portal.people.vectors import open_vector

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _PhotoCount(TypedDict):
        photo_count: int

    WithPhotoCount = WithAnnotations[Person, _PhotoCount]

__all__ = [
    "PersonName",
    "active_consent",
    "enrolled_count",
    "gallery_members",
    "gallery_people_count",
    "gallery_revision",
    "gallery_vectors",
    "guarded_people",
    "is_within",
    "living_entries",
    "names_of",
    "photos_of",
    "portraits_of",
    "visible_people",
    "visible_person",
    "visible_photo",
    "within_scope",
]


@dataclass(frozen=True, slots=True)
class PersonName:
    """What a result page may say about somebody."""

    id: str
    code: str
    name: str
    status: str


def visible_people() -> QuerySet[WithPhotoCount]:
    """Known people within the actor's scope with ``photo_count``, for those who may see people."""
    actor = require("people.view")
    photos = (
        FaceImage.objects.filter(person=OuterRef("pk"))
        .exclude(state=FaceImage.State.REMOVED)
        .order_by()
        .values("person")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return (
        Person.objects.filter(within_scope(actor.scope), status__in=Person.LIVING)
        .select_related("department", "site")
        # Counted beside and not by joining, so that only the people of one page are counted.
        .annotate(photo_count=Coalesce(Subquery(photos), 0))
        # Said here, since a query that counts forgets the model's own order.
        .order_by("name", "code")
    )


def within_scope(scope: Scope, *, path: str = "") -> Q:
    """The condition that a row's person, at ``path`` (such as ``person__``), lies in ``scope``."""
    condition = Q()
    if scope.site_ids is not None:
        condition &= Q((f"{path}site__in", scope.site_ids))
    if scope.department_ids is not None:
        condition &= Q((f"{path}department__in", scope.department_ids))
    if scope.person_id is not None:
        condition &= Q((f"{path}id", scope.person_id))
    return condition


def is_within(scope: Scope, person: Person) -> bool:
    """``within_scope`` for a row that is at hand."""
    return (
        (scope.site_ids is None or person.site_id in scope.site_ids)
        and (scope.department_ids is None or person.department_id in scope.department_ids)
        and (scope.person_id is None or person.pk == scope.person_id)
    )


def visible_person(person_id: UUID) -> Person:
    person = visible_people().filter(pk=person_id).first()
    if person is None:
        raise NotFound("There is no such person, or the person was erased.")
    return person


def photos_of(person: Person) -> list[FaceImage]:
    require("people.view")
    return list(person.images.exclude(state=FaceImage.State.REMOVED))


def visible_photo(image_id: UUID) -> FaceImage:
    actor = require("people.view")
    image = (
        FaceImage.objects.select_related("person")
        .filter(within_scope(actor.scope, path="person__"), pk=image_id)
        .exclude(state=FaceImage.State.REMOVED)
        .first()
    )
    if image is None:
        raise NotFound("There is no such photo.")
    return image


def active_consent(person: Person) -> Consent | None:
    require("people.view")
    return person.consents.filter(withdrawn_at=None).first()


def names_of(person_ids: Iterable[str]) -> dict[str, PersonName]:
    """Names joined after a search: who was erased meanwhile, or lies outside the actor's scope,
    is simply not in the answer."""
    rows = Person.objects.filter(
        within_scope(current_actor().scope), pk__in=set(person_ids), status__in=Person.LIVING
    ).values_list("id", "code", "name", "status")
    return {str(pk): PersonName(str(pk), code, name, status) for pk, code, name, status in rows}


def living_entries(person_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Each of these who is in the lists, whoever asks, with the entry that is theirs now: of who
    was merged the one that is left, and their own again once that is taken back."""
    wanted = set(person_ids)
    rows: dict[UUID, tuple[str, UUID | None]] = {}
    ahead = set(wanted)
    while ahead:
        read = Person.objects.filter(pk__in=ahead).values_list("pk", "status", "merged_into_id")
        rows |= {pk: (status, into) for pk, status, into in read}
        ahead = {into for pk in ahead & rows.keys() if (into := rows[pk][1])} - rows.keys()
    found = {}
    for pk in wanted & rows.keys():
        entry = pk
        while (into := rows[entry][1]) is not None and into in rows:
            entry = into
        if rows[entry][0] in Person.LIVING:
            found[pk] = entry
    return found


def portraits_of(person_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Per person within the actor's scope the photo in use of the best quality."""
    rows = FaceImage.objects.filter(
        within_scope(current_actor().scope, path="person__"),
        person_id__in=set(person_ids),
        state=FaceImage.State.ACTIVE,
    ).order_by("quality_score")
    # Later rows win, and the best photo comes last.
    return dict(rows.values_list("person_id", "id"))


def gallery_revision() -> int:
    """0 before anybody was ever enrolled."""
    return GalleryState.objects.values_list("revision", flat=True).filter(pk=1).first() or 0


def enrolled_count() -> int:
    """People within the actor's scope who can be recognised now."""
    actor = require("dashboard.view")
    people = Person.objects.filter(_RECOGNISABLE).filter(within_scope(actor.scope))
    return people.distinct().count()


def gallery_people_count() -> int:
    """People who can be recognised now, whoever asks: the threshold follows this number."""
    return Person.objects.filter(_RECOGNISABLE).distinct().count()


def guarded_people(space_id: str) -> frozenset[str]:
    """Everybody who can be recognised in this space and looks very much like somebody else who can,
    whether or not it was said that they are two: the decision names them only when it is surer.

    For workers, which ask often: one small query.
    """
    active = Person.Status.ACTIVE
    pairs = LookalikePair.objects.filter(
        space_id=space_id, is_alike=True, first__status=active, second__status=active
    ).order_by()
    return frozenset(str(pk) for ends in pairs.values_list("first_id", "second_id") for pk in ends)


def gallery_members(space_id: str) -> dict[str, tuple[str, ...]]:
    """Per recognisable person the ids of the templates of this space, in a stable order.

    One cheap query: a worker compares it with what its index holds, and fetches the vectors of
    those people only whose templates changed.
    """
    rows = (
        FaceTemplate.objects.filter(
            space_id=space_id,
            person__status=Person.Status.ACTIVE,
            image__state=FaceImage.State.ACTIVE,
        )
        .filter(person__consents__withdrawn_at=None, person__consents__isnull=False)
        .order_by("person_id", "id")
        .values_list("person_id", "id")
    )
    members: dict[str, list[str]] = {}
    for person_id, template_id in rows:
        members.setdefault(str(person_id), []).append(str(template_id))
    return {person: tuple(ids) for person, ids in members.items()}


def gallery_vectors(
    space_id: str, person_ids: Sequence[str]
) -> dict[str, list[NDArray[np.float32]]]:
    """Per person the decrypted ``(D,) float32`` vectors in use."""
    vectors: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(person_ids), 500):
        rows = list(
            FaceTemplate.objects.filter(
                space_id=space_id,
                person_id__in=person_ids[start : start + 500],
                image__state=FaceImage.State.ACTIVE,
            )
            .order_by("person_id", "id")
            .values_list("person_id", "sealed_vector")
        )
        # One query for the keys of them all; else each person would be one.
        vault().keys.load(key_ids_of(sealed for _, sealed in rows))
        for person_id, sealed in rows:
            vectors.setdefault(str(person_id), []).append(open_vector(sealed))
    return vectors


_RECOGNISABLE = Q(
    status=Person.Status.ACTIVE,
    consents__isnull=False,
    consents__withdrawn_at=None,
    templates__image__state=FaceImage.State.ACTIVE,
)
