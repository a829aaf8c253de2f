"""The gallery's revision: one number that says whether a worker's index is still the truth."""

from __future__ import annotations

from django.db.models import F

from portal.core.events import GalleryChanged, publish_on_commit
from portal.people.models import GalleryState

__all__ = ["bump_gallery_revision"]


def bump_gallery_revision() -> int:
    """Must be called in the transaction of the change it announces; also locks that change's row
    order, so that two changes never share a revision."""
    GalleryState.objects.get_or_create(pk=1)
    GalleryState.objects.filter(pk=1).update(revision=F("revision") + 1)
    revision = GalleryState.objects.values_list("revision", flat=True).get(pk=1)
    publish_on_commit("people", GalleryChanged(type="gallery.changed", revision=revision))
    return revision
