"""What plans hang on in other apps: where departments lie, and by which clock their shifts begin.
Imported once, by the app."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from portal.organisation import changes as organisation
from portal.people.concerned import people_concerned
from portal.schedules.services.check import check_plan

__all__ = ["refuse_overlaps"]

# Days are computed anew so far back whatever happens.
_RECENT: Final = timedelta(days=3)


@organisation.listen
def refuse_overlaps(change: organisation.OrganisationChange) -> None:
    """Raises ``DomainError`` ``schedule.overlap`` where what is worked by the department above, or
    by another clock, overlaps somebody's other shifts."""
    person_ids = frozenset(people_concerned(change).values_list("pk", flat=True))
    if person_ids:
        check_plan(person_ids, around=timezone.localdate() - _RECENT)
