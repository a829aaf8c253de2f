"""Whose pictures a model of the site's own may be made of: people with current consent alone.

Nothing is opened here: counts for the page, ids for the worker. Public surface: ``OwnSample``,
``own_sample``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Max

from portal.core.context import require
from portal.people.models import FaceImage
from portal.people.selectors import gallery_members
from portal.sightings.models import Visit
from recognition.adaptation.sample import MOST_PICTURES, Need, lacking

__all__ = ["OwnSample", "own_sample"]

# The newest of all; a page must not read years of sightings to say what there is.
_LOOKED_AT: Final = 20_000
_SETTLED: Final = (Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED)


@dataclass(frozen=True, slots=True)
class OwnSample:
    """``photos``: templates of each person who is recognised; ``sightings``: visits to which a
    human gave that person's name, newest first, at most ``MOST_PICTURES`` of each."""

    photos: dict[str, tuple[str, ...]]
    sightings: dict[str, tuple[UUID, ...]]
    cameras: int

    @property
    def need(self) -> Need:
        return lacking(
            [len(own) + len(self.sightings.get(person, ())) for person, own in self.photos.items()]
        )

    @property
    def photo_count(self) -> int:
        return sum(len(own) for own in self.photos.values())

    @property
    def sighting_count(self) -> int:
        return sum(len(own) for own in self.sightings.values())

    @property
    def enrolled(self) -> int:
        return len(self.photos)


def own_sample(space_id: str, *, settled_until: datetime | None = None) -> OwnSample:
    """Erased, withdrawn and suspended people are in no gallery, and so in no sample.

    ``settled_until`` leaves out what was named later: a training that runs while somebody reviews
    would have another sample after each decision, and begin again.
    A sighting that a reference may have been taken from is left out: it would stand there twice.
    """
    require("calibration.view")
    photos = gallery_members(space_id)
    taken = dict(
        FaceImage.objects.filter(source=FaceImage.Source.SIGHTING, state=FaceImage.State.ACTIVE)
        .order_by()
        .values_list("person_id")
        .annotate(last=Max("created_at"))
    )
    named = Visit.objects.filter(settled_as__in=_SETTLED, vector__space_id=space_id)
    if settled_until is not None:
        named = named.exclude(settled_at__gt=settled_until)
    rows = (
        named.exclude(person=None)
        .order_by("-id")
        .values_list("person_id", "id", "camera_id", "first_at")[:_LOOKED_AT]
    )
    found: dict[str, list[UUID]] = defaultdict(list)
    cameras: set[UUID] = set()
    for person_id, visit_id, camera_id, first_at in rows:
        own = found[str(person_id)]
        reference_at = taken.get(person_id)
        is_newer = reference_at is None or first_at > reference_at
        if str(person_id) in photos and is_newer and len(own) < MOST_PICTURES:
            own.append(visit_id)
            cameras.add(camera_id)
    return OwnSample(
        photos, {person: tuple(own) for person, own in found.items() if own}, len(cameras)
    )
