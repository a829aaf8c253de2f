"""Days with a name that was close, once somebody has said whether it was right.

Public surface: ``mark_close``. To confirm a name that counts changes no punch, so that nothing else
tells of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from portal.attendance.models import DayException, Punch
from portal.attendance.selectors.oddities import CLOSE, SETTLED
from portal.attendance.services.stale import mark_around
from portal.sightings.models import Visit

__all__ = ["mark_close"]

# A shift at night and the clocks of a place put a punch on another date than that of UTC.
_AROUND: Final = timedelta(days=2)
State = DayException.State


@transaction.atomic
def mark_close(visits: Sequence[Visit]) -> None:
    """Have the days computed again whose note of a close name says otherwise than the visit now."""
    settled = {
        visit.pk: visit.settled_as in SETTLED
        for visit in visits
        if visit.margin is not None and visit.margin < CLOSE
    }
    if not settled:
        return
    # What a person closed stays closed.
    noted = DayException.objects.filter(
        Q(state=State.OPEN) | Q(state=State.RESOLVED, closed_by=""),
        kind=DayException.Kind.LOW_MARGIN,
        person__punches__visit__in=settled,
    )
    rows = set(noted.order_by().values_list("person_id", "work_date", "state"))
    if not rows:
        return
    punches = Punch.objects.filter(visit__in=settled, voided_at=None, state=Punch.State.COUNTED)
    moments = [
        (person_id, at)
        for person_id, at, visit_id in punches.values_list("person_id", "at", "visit_id")
        if any(
            person == person_id
            and abs(work_date - at.date()) <= _AROUND
            and (state == State.OPEN) == settled[visit_id]
            for person, work_date, state in rows
        )
    ]
    mark_around(moments, cause="name_settled")
