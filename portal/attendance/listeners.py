"""What days hang on in other apps: plans, leave, places, and who people are. Imported once, by the app.

Whoever tells does so in the transaction of the change; marks are part of it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from portal.attendance.models import AttendanceDay, Correction, Punch
from portal.attendance.services.recompute import preview_recompute
from portal.attendance.services.recompute.clock import RECENT
from portal.attendance.services.stale import horizon, mark_stale
from portal.core.vault import vault
from portal.organisation import changes as organisation
from portal.people import changes as people
from portal.people.concerned import people_concerned
from portal.schedules import changes as schedules

__all__ = ["count_days", "follow_organisation", "follow_people", "follow_plans"]

What = people.What
_DAY: Final = timedelta(days=1)


@schedules.listen
def follow_plans(change: schedules.PlanChange) -> None:
    first, last = _shared_dates(change)
    mark_stale(change.person_ids, first=first, last=last, cause=change.cause)


@schedules.count_with
def count_days(change: schedules.PlanChange) -> schedules.DayCount:
    """Only stored days can become others, so nothing beyond them is computed."""
    days = AttendanceDay.objects.order_by()
    if change.person_ids is not None:
        days = days.filter(person__in=change.person_ids)
    earliest, latest = _shared_dates(change)
    last = min(latest or date.max, horizon(timezone.now()))
    days = days.filter(work_date__gte=earliest, work_date__lte=last)
    first = days.aggregate(first=Min("work_date"))["first"]
    if first is None:
        return schedules.DayCount(days=0, people=0)
    people_ids = list(days.values_list("person_id", flat=True).distinct())
    found = preview_recompute(people_ids, first=first, last=last)
    return schedules.DayCount(days=found.days, people=found.people)


def _shared_dates(change: schedules.PlanChange) -> tuple[date, date | None]:
    """With the dates around it: a punch that a shift of the one takes is the other's no more."""
    last = None if change.last is None else change.last + _DAY
    return change.first - _DAY, last


@people.listen
def follow_people(change: people.PeopleChange) -> None:
    if change.what is What.ERASED:
        _forget_words(change.person_ids)
    # Where it is still the day before, it is the day before that matters.
    first = (change.first or timezone.localdate()) - _DAY
    if change.what is What.MERGE:
        first = _since_ever(change.person_ids)
    mark_stale(change.person_ids, first=first, last=None, cause=_CAUSES[change.what])


@organisation.listen
def follow_organisation(change: organisation.OrganisationChange) -> None:
    """As far back as every night computes anew by what holds then."""
    ids = list(people_concerned(change).values_list("pk", flat=True))
    is_clock = change.what is organisation.What.TIME_ZONE
    cause = "site_time_zone" if is_clock else "department_moved"
    mark_stale(ids, first=(timezone.now() - RECENT).date(), last=None, cause=cause)


_CAUSES: Final = {
    What.CREATED: "person_created",
    What.EMPLOYMENT: "employment",
    What.PLACE: "person_moved",
    What.MERGE: "people_merged",
    What.ERASED: "person_erased",
}


def _since_ever(person_ids: Collection[UUID]) -> date:
    """The first date of which any of them has a day or a punch."""
    days = AttendanceDay.objects.filter(person__in=person_ids).aggregate(at=Min("work_date"))["at"]
    seen: datetime | None = Punch.objects.filter(person__in=person_ids).aggregate(at=Min("at"))[
        "at"
    ]
    known = [day for day in (days, seen.date() if seen else None) if day is not None]
    return min([*known, timezone.localdate()])


def _forget_words(person_ids: Collection[UUID]) -> None:
    """What people wrote goes with the name; that hours were worked, and corrected, stays."""
    Punch.objects.filter(person__in=person_ids).exclude(note="").update(note="")
    corrections = Correction.objects.filter(person__in=person_ids)
    keys = [key for key in corrections.values_list("evidence_key", flat=True) if key]
    corrections.update(reason="", decision_note="", evidence_key="", evidence_name="")
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)
