"""People whom nobody saw for long, and photos that are few or old.

Public surface: ``not_seen``, ``old_photos`` with ``Neglected`` and ``NeglectedPerson``;
``photo_findings``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from portal.core.context import require
from portal.hygiene.models import Finding
from portal.hygiene.selectors import open_findings
from portal.people.models import FaceImage, Person
from portal.people.selectors import visible_people
from portal.sightings.models import Visit

__all__ = [
    "OLD_DAYS",
    "Neglected",
    "NeglectedPerson",
    "PhotoFinding",
    "not_seen",
    "old_photos",
    "photo_findings",
]

# Two years: faces change, and a score falls slowly before anybody notices.
OLD_DAYS: Final = 730
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class NeglectedPerson:
    """``last_at`` is when they were last seen, or the newest photo was made; None for never."""

    id: UUID
    name: str
    code: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Neglected:
    """``count`` of ``people``; the first of them, the longest ago first."""

    days: int
    count: int
    people: int
    first: tuple[NeglectedPerson, ...]


@dataclass(frozen=True, slots=True)
class PhotoFinding:
    """``label`` such as "Too few photos", and of how many people that is to be said."""

    kind: str
    label: str
    people: int


def not_seen(*, days: int) -> Neglected:
    """People with photos in use since before, whom no camera named in the last ``days``."""
    require("sightings.view")
    since = timezone.now() - timedelta(days=days)
    people = _enrolled(before=since)
    seen = Visit.objects.filter(person=OuterRef("pk"), first_at__gte=since)
    last = Visit.objects.filter(person=OuterRef("pk")).order_by("-first_at").values("first_at")
    lost = people.filter(~Exists(seen))
    return _neglected(lost, Subquery(last[:1]), days=days, of=people.count())


def old_photos(*, days: int = OLD_DAYS) -> Neglected:
    """People whose newest photo in use is older than that."""
    people = _enrolled()
    newest = (
        FaceImage.objects.filter(person=OuterRef("pk"), state=FaceImage.State.ACTIVE)
        .order_by()
        .values("person")
        .annotate(newest=Max("created_at"))
        .values("newest")
    )
    before = timezone.now() - timedelta(days=days)
    recent = FaceImage.objects.filter(
        person=OuterRef("pk"), state=FaceImage.State.ACTIVE, created_at__gte=before
    )
    old = people.filter(~Exists(recent))
    return _neglected(old, Subquery(newest), days=days, of=people.count())


def photo_findings() -> tuple[PhotoFinding, ...]:
    """What the last look through the gallery found of people's photos, by kind."""
    rows = open_findings().order_by().values_list("kind")
    counts = dict(rows.annotate(Count("person", distinct=True)))
    return tuple(
        PhotoFinding(kind.value, str(kind.label), counts[kind])
        for kind in Finding.Kind
        if kind in counts
    )


def _enrolled(*, before: datetime | None = None) -> QuerySet[Person]:
    photos = FaceImage.objects.filter(person=OuterRef("pk"), state=FaceImage.State.ACTIVE)
    if before is not None:
        photos = photos.filter(created_at__lt=before)
    people: QuerySet[Person] = visible_people().filter(
        Q(Exists(photos)), status=Person.Status.ACTIVE
    )
    return people


def _neglected(people: QuerySet[Person], last: Subquery, *, days: int, of: int) -> Neglected:
    rows = (
        people.annotate(last_at=last)
        .order_by(F("last_at").asc(nulls_first=True), "name", "pk")
        .values_list("pk", "name", "code", "last_at")
    )
    return Neglected(
        days=days,
        count=people.count(),
        people=of,
        first=tuple(NeglectedPerson(*row) for row in rows[:_MOST]),
    )
