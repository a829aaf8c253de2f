"""What a human made of a visit. Public surface: ``settle``, ``unsettle``, ``visits_of``."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from portal.core.context import current_actor
from portal.review.models import Stranger
from portal.review.services.change import Change
from portal.sightings.models import Visit

__all__ = ["settle", "unsettle", "visits_of"]


def settle(change: Change, visit: Visit, how: str, *, person_id: UUID | None) -> None:
    """``how`` is of ``Visit.Settled``; no later frame changes it again."""
    change.put(
        visit,
        settled_as=how,
        settled_at=timezone.now(),
        settled_by=current_actor().label[:254],
        person_id=person_id,
    )


def unsettle(change: Change, visit: Visit) -> None:
    """The visit waits for a name again."""
    change.put(visit, settled_as="", settled_at=None, settled_by="", person_id=None)


def visits_of(strangers: Iterable[Stranger]) -> list[Visit]:
    """Their visits, locked, oldest first, with what anchors and references are made of."""
    rows = Visit.objects.select_for_update(of=("self",)).filter(
        stranger__in=[one.pk for one in strangers]
    )
    return list(rows.select_related("best_face", "vector").order_by("pk"))
