"""The gallery's revision: one number that says whether a worker's index is still the truth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db.models import F

from portal.core.events import GalleryChanged, publish_on_commit
from portal.jobs.dispatch import ring_on_commit
from portal.people.models import GalleryState

__all__ = ["bump_gallery_revision", "one_revision"]

_shared: ContextVar[int | None] = ContextVar("gallery_revision", default=None)


def bump_gallery_revision() -> int:
    """Must be called in the transaction of the change it announces; also locks that change's row
    order, so that two changes never share a revision."""
    shared = _shared.get()
    if shared is not None:
        return shared
    GalleryState.objects.get_or_create(pk=1)
    GalleryState.objects.filter(pk=1).update(revision=F("revision") + 1)
    revision = GalleryState.objects.values_list("revision", flat=True).get(pk=1)
    publish_on_commit("people", GalleryChanged(type="gallery.changed", revision=revision))
    ring_on_commit("hygiene.compare")
    return revision


@contextmanager
def one_revision() -> Iterator[int]:
    """All changes inside, which must be part of one transaction, are announced as one."""
    revision = bump_gallery_revision()
    token = _shared.set(revision)
    try:
        yield revision
    finally:
        _shared.reset(token)
