"""What a human made of a visit.

Public surface: ``settle``, ``unsettle``, ``visits_of``, ``leave_stranger``, ``not_named_yet``,
``NAMED``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.utils import timezone

from portal.core.context import current_actor
from portal.review.models import Stranger
from portal.review.services.change import Change
from portal.sightings.models import Visit

__all__ = ["NAMED", "leave_stranger", "not_named_yet", "settle", "unsettle", "visits_of"]

# Whose it is was said of the visit by itself.
NAMED: Final = frozenset({Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED})


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


def leave_stranger(change: Change, visit: Visit) -> None:
    """Nobody who has a name is among the strangers, where the next decision would be about them."""
    if visit.stranger_id is not None:
        change.put(visit, stranger_id=None)


def not_named_yet(change: Change, visits: Iterable[Visit]) -> list[Visit]:
    """What a decision on whole strangers is about. Visits that somebody named one by one keep that
    name, and leave their stranger."""
    found = []
    for visit in visits:
        if visit.settled_as in NAMED:
            leave_stranger(change, visit)
        else:
            found.append(visit)
    return found


def visits_of(strangers: Iterable[Stranger]) -> list[Visit]:
    """Their visits, locked, oldest first, with what anchors and references are made of."""
    rows = Visit.objects.select_for_update(of=("self",)).filter(
        stranger__in=[one.pk for one in strangers]
    )
    return list(rows.select_related("best_face", "vector").order_by("pk"))
