"""Two visits that turn out to be one. Public surface: ``absorb``."""

from __future__ import annotations

from portal.sightings.models import Visit, VisitLeg, VisitVector
from portal.sightings.services.visits.legs import Legs

__all__ = ["absorb"]


def absorb(gone: Visit, survivor: Visit) -> None:
    """All of ``gone``'s becomes ``survivor``'s, which the caller saves; ``gone`` is deleted.

    Whatever refers to it goes along, its alerts and what was said of its faces too.
    """
    legs, counted = Legs(), []
    for leg in gone.legs.all():
        if leg.is_counted:
            counted.append(leg.camera_id)
        legs.add(survivor.pk, leg.camera_id, first=leg.first_at, last=leg.last_at, faces=leg.faces)
    legs.save()
    if counted:
        survivor.legs.filter(camera__in=counted).update(is_counted=True)
    for relation in Visit._meta.related_objects:
        model, name = relation.related_model, relation.field.name
        if model not in {VisitLeg, VisitVector}:
            model._default_manager.filter(**{name: gone.pk}).update(**{name: survivor.pk})
    survivor.first_at = min(survivor.first_at, gone.first_at)
    if gone.last_at > survivor.last_at:
        survivor.last_at, survivor.last_camera_id = gone.last_at, gone.last_camera_id
    survivor.faces_seen += gone.faces_seen
    survivor.faces_usable += gone.faces_usable
    survivor.faces_agreeing += gone.faces_agreeing
    if survivor.person_id is None:
        # Nobody who has a name becomes a stranger for having been seen badly at first.
        survivor.stranger_id = survivor.stranger_id or gone.stranger_id
    Visit.objects.filter(pk=gone.pk).delete()
