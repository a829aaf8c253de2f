"""What cameras kept of a person's face, taken away. Public surface: ``forget_aligned_of``,
``forget_faces_of``, ``forget_vectors_of``.

The tables lie in apps above this one, so they are reached through their relations to the person.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from portal.people.models import Person

__all__ = ["forget_aligned_of", "forget_faces_of", "forget_vectors_of"]


def forget_faces_of(person: Person) -> set[str]:
    """Part of the transaction: crops and vectors lose their rows; returns the blobs to delete.

    The faces of a visit are all one person's, those too that were given no name at first.
    """
    faces = _faces_of(person)
    blobs = {
        key for keys in faces.values_list("portrait_key", "aligned_key") for key in keys if key
    }
    faces.update(portrait_key="", aligned_key="")
    forget_vectors_of(person)
    return blobs


def forget_aligned_of(person: Person) -> set[str]:
    """The crops that a template could be made from go; the small ones beside results stay."""
    faces = _faces_of(person).exclude(aligned_key="")
    blobs = set(faces.values_list("aligned_key", flat=True))
    faces.update(aligned_key="")
    return blobs


def forget_vectors_of(person: Person) -> None:
    """Delete the vectors of the person's visits: they are templates like any other."""
    visits: Any = person.visits
    vectors = visits.model._meta.get_field("vector").related_model
    vectors._default_manager.filter(visit__in=visits.order_by().values("pk")).delete()


def _faces_of(person: Person) -> QuerySet[Any]:
    model: Any = person.sightings.model
    faces: QuerySet[Any] = model._default_manager.filter(
        Q(person=person) | Q(visit__in=person.visits.order_by().values("pk"))
    )
    return faces
