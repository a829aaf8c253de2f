"""What is to be computed and what came of it. Public surface: ``Span``, ``Computed``, ``compute``.

Nothing is written here, so that a preview and a real recompute say the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from portal.attendance.engine import AttendanceError, Day, PersonInputs, attendance_days
from portal.attendance.selectors.inputs import read_inputs
from portal.attendance.selectors.oddities import Late
from portal.attendance.services.recompute.rows import DayRow, due_of, row_of
from portal.people.models import Person
from portal.people.stays import Place, Stay, stay_on
from portal.schedules.selectors.versions import version_ids

__all__ = ["Computed", "Key", "Result", "Span", "compute"]

logger = structlog.get_logger(__name__)

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Dates, both included. ``since`` is from when days are told of whether or not somebody was
    seen; before it a row needs punches."""

    first: date
    last: date
    since: date | None = None

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


Key = tuple[UUID, date, int]


@dataclass(frozen=True, slots=True)
class Result:
    """One day, and the row that it is to be."""

    day: Day
    row: DayRow

    @property
    def key(self) -> Key:
        return self.row.person_id, self.row.work_date, self.row.occurrence_no


@dataclass(frozen=True, slots=True)
class Computed:
    """``spans`` are the dates that were really computed: none beyond each one's tomorrow. People
    whose rules cannot be computed with are missing."""

    now: datetime
    spans: Mapping[UUID, Span]
    places: Mapping[UUID, Place]
    inputs: Mapping[UUID, PersonInputs]
    late: Mapping[UUID, Late]
    results: Mapping[UUID, tuple[Result, ...]] = field(default_factory=dict)

    def only(self, people: Collection[UUID]) -> Computed:
        """Of these people alone."""
        return replace(
            self,
            spans={pk: span for pk, span in self.spans.items() if pk in people},
            results={pk: days for pk, days in self.results.items() if pk in people},
        )


def compute(wanted: Mapping[UUID, Span], *, now: datetime) -> Computed:
    """The days of all these people, from one reading of what they depend on."""
    if not wanted:
        return Computed(now, {}, {}, {}, {})
    first = min(span.first for span in wanted.values())
    last = max(span.last for span in wanted.values())
    reading = read_inputs(wanted.keys(), first=first, last=last, now=now)
    inputs = reading.inputs
    # What an erased person's days hang on is gone; the days stay as they were.
    people = Person.objects.filter(pk__in=inputs.keys()).exclude(status=Person.Status.ERASED)
    places = {
        pk: Place(site_id, department_id)
        for pk, site_id, department_id in people.order_by().values_list(
            "pk", "site_id", "department_id"
        )
    }
    spans: dict[UUID, Span] = {}
    found: dict[UUID, tuple[Day, ...]] = {}
    for pk, given in inputs.items():
        asked = wanted[pk]
        tomorrow = now.astimezone(given.zone).date() + _DAY
        span = Span(asked.first, min(asked.last, tomorrow), asked.since)
        if span.last < span.first or pk not in places:
            continue
        try:
            days = attendance_days(given, first=span.first, last=span.last)
        except AttendanceError as error:
            # Rules are checked when they are saved; others' days must not wait for this one's.
            logger.error("days_not_computed", person=str(pk), error=str(error))
            continue
        spans[pk] = span
        found[pk] = tuple(day for day in days if _is_told(day, span))
    versions = version_ids(
        {(day.shift, day.work_date) for days in found.values() for day in days if day.shift}
    )
    results = {
        pk: tuple(
            Result(
                day,
                row_of(
                    day,
                    pk,
                    _place_on(day.work_date, places[pk], reading.stays.get(pk, ())),
                    versions,
                    now=now,
                    due_at=due_of(day, inputs[pk]),
                ),
            )
            for day in days
        )
        for pk, days in found.items()
    }
    return Computed(now, spans, places, inputs, reading.late, results)


def _place_on(day: date, now: Place, stays: Sequence[Stay]) -> Place:
    """A day belongs to the place where its person belonged on it."""
    stay = stay_on(stays, day)
    return now if stay is None else Place(stay.site_id, stay.department_id)


def _is_told(day: Day, span: Span) -> bool:
    return span.since is None or day.work_date >= span.since or bool(day.punches)
