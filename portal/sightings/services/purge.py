"""Deleting recognitions, or the pictures in them. What is past its time is for the retention
clocks to say (``portal.privacy``); here it is done, in parts, so that a crash loses no blob's row."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from portal.core.vault import vault
from portal.sightings.models import RecognisedFace, Recognition, Visit
from portal.sightings.services.visits import delete_visits, drop_vectors

__all__ = ["delete_recognitions", "drop_crops", "drop_pictures"]

_CHUNK = 500


def delete_recognitions(rows: QuerySet[Recognition]) -> int:
    """Delete these with all their pictures and crops, and the visits that nothing else tells of;
    returns how many."""
    total = 0
    while ids := list(rows.order_by("id").values_list("id", flat=True)[:_CHUNK]):
        pictures = Recognition.objects.filter(pk__in=ids).values_list("picture_key", flat=True)
        crops = RecognisedFace.objects.filter(recognition__in=ids)
        # Blobs first: a crash in between leaves rows that the next night finds again, never
        # pictures that no row remembers.
        keys = crops.values_list("portrait_key", "aligned_key")
        vault().delete_all(filter(None, [*pictures, *(key for pair in keys for key in pair)]))
        visits = set(crops.exclude(visit=None).values_list("visit_id", flat=True))
        with transaction.atomic():
            Recognition.objects.filter(pk__in=ids).delete()
            delete_visits(Visit.objects.filter(pk__in=visits, faces=None))
        total += len(ids)
    return total


def drop_pictures(rows: QuerySet[Recognition]) -> int:
    """Delete the whole pictures of these recognitions, which keep their results."""
    total = 0
    kept = rows.exclude(picture_key="")
    while found := list(kept.order_by("id").values_list("id", "picture_key")[:_CHUNK]):
        vault().delete_all(key for _, key in found)
        Recognition.objects.filter(pk__in=[pk for pk, _ in found]).update(picture_key="")
        total += len(found)
    return total


def drop_crops(faces: QuerySet[RecognisedFace]) -> int:
    """Delete the crops of these faces, which keep their decisions; and the vectors of the visits
    that were given no name."""
    total = 0
    kept = faces.exclude(portrait_key="", aligned_key="")
    while found := list(
        kept.order_by("id").values_list("id", "portrait_key", "aligned_key")[:_CHUNK]
    ):
        vault().delete_all(key for _, *keys in found for key in keys if key)
        these = RecognisedFace.objects.filter(pk__in=[pk for pk, *_ in found])
        drop_vectors(Visit.objects.filter(person=None, faces__in=these))
        these.update(portrait_key="", aligned_key="")
        total += len(found)
    return total
