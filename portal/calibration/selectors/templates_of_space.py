"""Which photos have a template in which space, for the worker that makes them and the pages.

Public surface: ``Crop``, ``Coverage``, ``coverage``, ``photos_to_embed``, ``left_out``.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from portal.calibration.models import EmbeddingFailure
from portal.people.models import FaceImage, FaceTemplate
from portal.people.selectors import gallery_members

__all__ = ["Coverage", "Crop", "coverage", "left_out", "photos_to_embed", "waiting_photos"]


@dataclass(frozen=True, slots=True)
class Crop:
    """A photo that has no template in a space yet, and where its aligned crop lies."""

    image_id: UUID
    aligned_key: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Photos with a template in any space, those of them with one in this space, and those that
    could not be embedded."""

    photos: int
    embedded: int
    failed: int

    @property
    def waiting(self) -> int:
        return self.photos - self.embedded - self.failed


def coverage(space_id: str) -> Coverage:
    failed = EmbeddingFailure.objects.filter(space=space_id, image__templates__isnull=False)
    return Coverage(
        photos=FaceTemplate.objects.values("image_id").distinct().count(),
        embedded=FaceTemplate.objects.filter(space=space_id).count(),
        failed=failed.values("image_id").distinct().count(),
    )


def waiting_photos(space_id: str) -> QuerySet[FaceImage]:
    """Photos that have a template in another space and none in this one, nor failed in it.

    A template there is exists only under a consent, so these may have another.
    """
    templates = FaceTemplate.objects.filter(image=OuterRef("pk"))
    return FaceImage.objects.filter(
        Exists(templates),
        ~Exists(templates.filter(space=space_id)),
        ~Exists(EmbeddingFailure.objects.filter(image=OuterRef("pk"), space=space_id)),
    )


def photos_to_embed(space_id: str, *, limit: int) -> list[Crop]:
    rows = waiting_photos(space_id).order_by("id").values_list("id", "aligned_key")
    return [Crop(*row) for row in rows[:limit]]


def left_out(from_space_id: str, to_space_id: str) -> frozenset[str]:
    """The ids of people whom a search in the one space finds and one in the other does not."""
    return frozenset(gallery_members(from_space_id).keys() - gallery_members(to_space_id).keys())
