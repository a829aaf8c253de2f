"""Corrections as pages show them, and the day that one is asked for on.

Public surface: ``DayAsked``, ``day_asked``, ``person_to_ask_for``,
``readable_correction``, ``readable_corrections``, ``waiting_for_me``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from portal.attendance.models import AttendanceDay, Correction, Punch
from portal.attendance.selectors.corrections import standing_corrections
from portal.attendance.selectors.deciders import require_ask, user_of
from portal.attendance.selectors.visible import visible_corrections
from portal.core.context import require
from portal.core.errors import NotFound
from portal.people.entries import own_entries
from portal.people.models import Person

__all__ = [
    "DayAsked",
    "day_asked",
    "person_to_ask_for",
    "readable_correction",
    "readable_corrections",
    "waiting_for_me",
]

_DAY = timedelta(days=1)
_SHOWN = ("person__site", "person__department", "punch", "requested_by", "decided_by", "undoes")


@dataclass(frozen=True, slots=True)
class DayAsked:
    """One day of somebody as the form about it needs it: its clock, its rows, its times."""

    person: Person
    work_date: date
    zone: str
    days: tuple[AttendanceDay, ...]
    punches: tuple[Punch, ...]

    @property
    def shift_end(self) -> datetime | None:
        """When the last shift of the date was to end."""
        return max((day.end for day in self.days if day.end is not None), default=None)

    @property
    def shift_start(self) -> datetime | None:
        return min((day.start for day in self.days if day.start is not None), default=None)


def readable_corrections() -> QuerySet[Correction]:
    """Those of the people whom the actor answers for, and of the actor's own days."""
    actor = require("self.view")
    user = user_of(actor)
    own = Q(person__user=user.pk) if user is not None else Q(pk__in=[])
    theirs = Q(pk__in=visible_corrections().order_by().values("pk"))
    return Correction.objects.filter(own | theirs).select_related(*_SHOWN)


def readable_correction(correction_id: UUID) -> Correction:
    row = readable_corrections().filter(pk=correction_id).first()
    if row is None:
        raise NotFound("There is no such correction, or the person is not one of yours.")
    return row


def waiting_for_me() -> QuerySet[Correction]:
    """What the actor may decide on: neither asked for by them, nor of their own days."""
    actor = require("attendance.decide")
    user = user_of(actor)
    if user is None:
        return Correction.objects.none()
    mine = own_entries(user.pk)
    return (
        visible_corrections()
        .filter(state=Correction.State.REQUESTED)
        .exclude(requested_by=user)
        .exclude(requested_by__person__in=mine)
        .exclude(person__in=mine)
        .select_related(*_SHOWN)
    )


def person_to_ask_for(person_id: UUID) -> Person:
    """Somebody whose days the actor may ask to have corrected."""
    person = (
        Person.objects.select_related("site", "department")
        .filter(pk=person_id, status__in=Person.LIVING)
        .first()
    )
    if person is None:
        raise NotFound("There is no such person, or the person is not one of yours.")
    require_ask(person)
    return person


def day_asked(person: Person, work_date: date) -> DayAsked:
    """For a person from ``person_to_ask_for``. Its times are those that count, of the date by the
    clock and of the windows of its shifts."""
    days = tuple(
        AttendanceDay.objects.filter(person=person, work_date=work_date)
        .select_related("shift__shift")
        .order_by("occurrence_no")
    )
    zone = days[0].zone if days else person.site.time_zone
    low = datetime.combine(work_date, time(), ZoneInfo(zone)).astimezone(UTC)
    high = datetime.combine(work_date + _DAY, time(), ZoneInfo(zone)).astimezone(UTC)
    for day in days:
        low, high = min(low, day.window_start or low), max(high, day.window_end or high)
    struck = {each.punch_id for each in standing_corrections(person.pk, work_date) if each.punch_id}
    punches = tuple(
        Punch.objects.filter(
            person=person,
            at__gte=low,
            at__lt=high,
            voided_at=None,
            state=Punch.State.COUNTED,
        )
        .exclude(pk__in=struck)
        .select_related("camera")
        .order_by("at", "id")
    )
    return DayAsked(person, work_date, zone, days, punches)
