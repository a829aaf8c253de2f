"""What reports are made of: days, exceptions, punches, corrections and leave, each read once, for
the dates and people that were chosen and the actor may see.

Public surface: ``LEAVE_GONE``, ``DayRow``, ``Facts``, ``zone_named``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from portal.attendance.engine import Status
from portal.attendance.models import AttendanceDay, Correction, DayException, Punch
from portal.attendance.selectors.visible import (
    visible_corrections,
    visible_days,
    visible_exceptions,
    visible_punches,
)
from portal.attendance.totals import ABSENCES
from portal.core.context import current_actor, require
from portal.organisation.selectors import with_descendants
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.reports.choices import Choices
from portal.reports.sheet import Clock
from portal.schedules.models import Leave

__all__ = ["LEAVE_GONE", "DayRow", "Facts", "zone_named"]

# Of a day on leave whose request is no longer there.
LEAVE_GONE: Final = "Leave"
# Zones are at most this far from UTC.
_FURTHEST: Final = timedelta(hours=15)
_LEAVE: Final = {
    Status.ON_LEAVE.value: 2,
    Status.HALF_LEAVE_ABSENT.value: 1,
    Status.HALF_LEAVE_PRESENT.value: 1,
}


class DayRow(NamedTuple):
    """One stored day and shift. ``leave`` is in halves of a day, and counted once a date, however
    many shifts there are on it."""

    pk: UUID
    work_date: date
    occurrence_no: int
    person_id: UUID
    code: str
    name: str
    site: str
    department: str | None
    shift: str | None
    shift_code: str | None
    zone: str
    status: str
    start: datetime | None
    end: datetime | None
    first_in: datetime | None
    last_out: datetime | None
    worked_min: int
    payable_min: int
    late_min: int
    early_min: int
    overtime_min: int
    flags: list[str]
    absent: int = 0
    leave: int = 0

    def clock(self, at: datetime | None) -> Clock | None:
        return None if at is None else Clock(at.astimezone(zone_named(self.zone)), self.work_date)


_COLUMNS: Final = (
    "pk",
    "work_date",
    "occurrence_no",
    "person_id",
    "person__code",
    "person__name",
    "site__name",
    "department__path",
    "shift__shift__name",
    "shift__shift__code",
    "zone",
    "status",
    "start",
    "end",
    "first_in",
    "last_out",
    "worked_min",
    "payable_min",
    "late_min",
    "early_min",
    "overtime_min",
    "flags",
)


def zone_named(name: str) -> ZoneInfo:
    zone = _ZONES.get(name)
    if zone is None:
        zone = _ZONES[name] = ZoneInfo(name)
    return zone


# ``ZoneInfo`` keeps its own, behind a slower door.
_ZONES: Final[dict[str, ZoneInfo]] = {}


class Facts:
    """Made inside a ``snapshot`` and read to the end there: what is asked for twice is the same."""

    def __init__(self, choices: Choices) -> None:
        require("reports.view")
        self.choices = choices
        self._departments = (
            with_descendants([choices.department.pk]) if choices.department else None
        )

    @cached_property
    def days(self) -> list[DayRow]:
        """By date, name, code and shift."""
        rows = self.day_rows().order_by(
            "work_date", "person__name", "person__code", "occurrence_no"
        )
        found, on_leave = [], set()
        for values in rows.values_list(*_COLUMNS):
            status, at = values[11], (values[3], values[1])
            leave = _LEAVE.get(status, 0)
            if leave and at in on_leave:
                leave = 0
            elif leave:
                on_leave.add(at)
            found.append(DayRow._make((*values, int(status in ABSENCES), leave)))
        return found

    def day_rows(self) -> QuerySet[AttendanceDay]:
        chosen = self.choices
        days = visible_days().filter(work_date__range=(chosen.first, chosen.last))
        if chosen.site:
            days = days.filter(site=chosen.site)
        if self._departments is not None:
            days = days.filter(department__in=self._departments)
        if chosen.person:
            days = days.filter(self._whom("person__"))
        if chosen.shift:
            days = days.filter(shift__shift=chosen.shift)
        if chosen.status:
            days = days.filter(status=chosen.status)
        return days

    @cached_property
    def sessions(self) -> dict[UUID, list[dict[str, Any]]]:
        """By day: from when to when somebody was there, as stored."""
        return dict(self.day_rows().exclude(sessions=[]).values_list("pk", "sessions"))

    @cached_property
    def exceptions(self) -> list[DayException]:
        chosen = self.choices
        rows = self._of_people(visible_exceptions()).filter(
            work_date__range=(chosen.first, chosen.last)
        )
        if chosen.shift:
            rows = rows.filter(day__shift__shift=chosen.shift)
        if chosen.status:
            rows = rows.filter(day__status=chosen.status)
        return list(
            rows.select_related("person__site", "person__department", "assignee").order_by(
                "work_date", "person__name", "person__code", "occurrence_no", "kind"
            )
        )

    @cached_property
    def corrections(self) -> list[Correction]:
        rows = self._of_people(visible_corrections()).filter(
            work_date__range=(self.choices.first, self.choices.last)
        )
        return list(
            rows.select_related("person__site", "punch", "requested_by", "decided_by").order_by(
                "work_date", "person__name", "person__code", "pk"
            )
        )

    @cached_property
    def punches(self) -> list[tuple[Punch, Clock]]:
        """With the local time at the site of the person."""
        first, last = self.choices.first, self.choices.last
        rows = self._of_people(visible_punches()).filter(
            at__gte=datetime.combine(first, time(), UTC) - _FURTHEST,
            at__lt=datetime.combine(last, time(), UTC) + timedelta(days=1) + _FURTHEST,
        )
        found = []
        for punch in rows.select_related("person__site", "camera").order_by("at", "pk"):
            local = punch.at.astimezone(zone_named(punch.person.site.time_zone))
            if first <= local.date() <= last:
                found.append((punch, Clock(local, local.date())))
        return found

    @cached_property
    def leaves(self) -> list[Leave]:
        """Requests of any state that touch the dates, of who belongs to the place that was chosen
        or has days there."""
        actor = require("attendance.view")
        rows = Leave.objects.filter(within_scope(actor.scope, path="person__"))
        theirs = Q(pk__in=self._of_people(rows).values("pk")) | Q(
            person__in=self.day_rows().order_by().values("person")
        )
        return list(
            rows.filter(theirs, first__lte=self.choices.last, last__gte=self.choices.first)
            .select_related("person__site", "person__department", "type", "decided_by")
            .order_by("first", "person__name", "person__code", "pk")
        )

    @cached_property
    def leave_taken(self) -> dict[UUID | None, dict[UUID, int]]:
        """Halves of days on leave: by request (None: it is no longer there), by person."""
        by_day: dict[tuple[UUID, date], list[Leave]] = {}
        for leave in self.leaves:
            if leave.state == Leave.State.APPROVED:
                day = max(leave.first, self.choices.first)
                while day <= min(leave.last, self.choices.last):
                    by_day.setdefault((leave.person_id, day), []).append(leave)
                    day += timedelta(days=1)
        taken: dict[UUID | None, dict[UUID, int]] = {}
        for row in self.days:
            if not row.leave:
                continue
            for key, halves in _shares(by_day.get((row.person_id, row.work_date), []), row.leave):
                people = taken.setdefault(key, {})
                people[row.person_id] = people.get(row.person_id, 0) + halves
        return taken

    @cached_property
    def zones(self) -> list[str]:
        """Of the days that were found, else the one that names today."""
        zones = set(self.day_rows().order_by().values_list("zone", flat=True).distinct())
        return sorted(zones) or [self.choices.zone]

    @cached_property
    def person(self) -> Person | None:
        """The one whom the choice means, where it means one."""
        if not self.choices.person:
            return None
        scope = within_scope(current_actor().scope)
        found = list(Person.objects.filter(self._whom(""), scope)[:2])
        return found[0] if len(found) == 1 else None

    def _of_people(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Rows that have a person but no place of their own."""
        if self.choices.site:
            rows = rows.filter(person__site=self.choices.site)
        if self._departments is not None:
            rows = rows.filter(person__department__in=self._departments)
        if self.choices.person:
            rows = rows.filter(self._whom("person__"))
        return rows

    def _whom(self, path: str) -> Q:
        """By id, else by code, else by any part of the name."""
        text = self.choices.person
        try:
            return Q((f"{path}id", UUID(text)))
        except ValueError:
            return Q((f"{path}code__iexact", text)) | Q((f"{path}name__icontains", text))


def _shares(leaves: list[Leave], halves: int) -> list[tuple[UUID | None, int]]:
    """Whose halves these are: of one request, or of one for each half of the day."""
    if not leaves:
        return [(None, halves)]
    if halves == 2 and len(leaves) > 1 and Leave.Part.FULL not in {one.part for one in leaves}:
        return [(leaves[0].pk, 1), (leaves[1].pk, 1)]
    return [(leaves[0].pk, halves)]
