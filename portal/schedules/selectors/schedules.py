"""Everything planned for many people, as the engine wants it. Public surface: ``schedules_of``.

Override before person before department (the nearest that has a plan on the date) before site
before everybody. A number of queries that does not depend on how many people are asked about. It
asks for no right: it is what days are computed from, and pages that show plans ask for theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from portal.attendance.engine import MARGIN, Assignment, Level, Override, Policy, Schedule, Shift
from portal.organisation.models import Department
from portal.people.models import Person
from portal.people.stays import Stay, stays_of
from portal.schedules.models import AssignmentTurn, RosterOverride
from portal.schedules.selectors.dates import ALL_DATES, Dates, common, cut_to, less
from portal.schedules.selectors.versions import (
    Span,
    engine_policy,
    engine_shift,
    span_on,
    spans_of,
)

__all__ = ["schedules_of"]

# A rotation without a beginning has its first turn on a Monday long ago.
MONDAY_LONG_AGO = date(1970, 1, 5)
ONE_DAY = timedelta(days=1)
# More people than a database takes in one list are asked for by asking for all.
MOST_NAMED = 20_000
# Whoever is another's double has no days of their own any more.
_NOBODY = frozenset({Person.Status.MERGED})
_GONE = frozenset({Person.Status.LEFT, Person.Status.REMOVED, Person.Status.ERASED})


def schedules_of(
    person_ids: Collection[UUID] | None, *, first: date, last: date
) -> dict[UUID, Schedule]:
    """The schedule of each of these people (None: of everybody), for days from ``first`` to
    ``last``; who is planned for nothing has an empty one.

    Overrides are those of these dates and ``MARGIN`` around them. Assignments are all there ever
    were, since work without a shift goes by the nearest one's policy, however far it is.
    """
    wanted = None if person_ids is None else frozenset(person_ids)
    named = None if wanted is None or len(wanted) > MOST_NAMED else wanted
    people = _people(wanted, named)
    plans = _Plans(named)
    overrides = _overrides(named, Dates(first - MARGIN, last + MARGIN))
    stays = stays_of(named)
    return {
        person.id: plans.schedule_of(
            person,
            _places(person, stays.get(person.id, ())),
            overrides.get(person.id, ()),
            employed,
        )
        for person, employed in people
    }


@dataclass(frozen=True, slots=True)
class _Person:
    id: UUID
    department_id: UUID | None
    site_id: UUID
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class _AtPlace:
    """On these dates somebody's plans are those of this place."""

    dates: Dates
    department_id: UUID | None
    site_id: UUID
    zone: ZoneInfo


def _places(person: _Person, stays: Sequence[Stay]) -> list[_AtPlace]:
    """Where the person belonged and belongs, the earliest first; each date is in one of them."""
    places, first = [], None
    for stay in stays:
        dates = Dates(first, stay.last_day)
        places.append(_AtPlace(dates, stay.department_id, stay.site_id, ZoneInfo(stay.zone)))
        first = stay.last_day + ONE_DAY
    places.append(_AtPlace(Dates(first), person.department_id, person.site_id, person.zone))
    return places


@dataclass(frozen=True, slots=True)
class _Planned:
    """One assignment as it is stored."""

    person_id: UUID | None
    department_id: UUID | None
    site_id: UUID | None
    dates: Dates
    shift_ids: tuple[UUID | None, ...]


class _Plans:
    """Assignments by whom they are for; what several people share is made once."""

    def __init__(self, person_ids: Collection[UUID] | None) -> None:
        self._of: dict[UUID | None, list[_Planned]] = {}
        for each in _assignments(person_ids):
            whom = each.person_id or each.department_id or each.site_id
            self._of.setdefault(whom, []).append(each)
        self._parents = dict(Department.objects.values_list("id", "parent_id"))
        self._spans = spans_of()
        self._policies: dict[int, Policy] = {}
        self._shifts: dict[tuple[int, ZoneInfo], Shift] = {}
        self._groups: dict[tuple[UUID | None, UUID, ZoneInfo], tuple[Assignment, ...]] = {}

    def schedule_of(
        self,
        person: _Person,
        places: Sequence[_AtPlace],
        overrides: Iterable[tuple[date, UUID | None]],
        employed: Dates | None,
    ) -> Schedule:
        if employed is None:
            return Schedule()
        assignments: tuple[Assignment, ...] = ()
        for place in places:
            within = common(place.dates, employed)
            if within is not None:
                assignments += self._at(place, person.id, within)
        return Schedule(
            assignments,
            tuple(
                Override(day, self._shift_on(shift_id, day, _zone_on(places, day)))
                for day, shift_id in overrides
                if common(Dates(day, day), employed) is not None
            ),
        )

    def _at(self, place: _AtPlace, person_id: UUID, within: Dates) -> tuple[Assignment, ...]:
        key = (place.department_id, place.site_id, place.zone)
        if key not in self._groups:
            self._groups[key] = self._of_group(*key)
        assignments = self._groups[key]
        if person_id in self._of:
            own = self._made([self._of[person_id]], Level.PERSON, place.zone)
            assignments = (*own, *assignments)
        if within == ALL_DATES:
            return assignments
        cut = (cut_to(each, within) for each in assignments)
        return tuple(each for each in cut if each is not None)

    def _of_group(
        self, department_id: UUID | None, site_id: UUID, zone: ZoneInfo
    ) -> tuple[Assignment, ...]:
        upwards = []
        while department_id is not None:
            upwards.append(self._of.get(department_id, []))
            department_id = self._parents.get(department_id)
        others = [self._of.get(site_id, []), self._of.get(None, [])]
        return (
            *self._made(upwards, Level.DEPARTMENT, zone),
            *self._made(others, Level.DEFAULT, zone),
        )

    def _made(
        self, nearest_first: Iterable[list[_Planned]], level: Level, zone: ZoneInfo
    ) -> Iterable[Assignment]:
        """What is nearer leaves to what is farther only the dates on which it plans nothing."""
        taken: list[Dates] = []
        for group in nearest_first:
            for planned in group:
                for whole in self._in_versions(planned, level, zone):
                    for part in less(Dates(whole.first, whole.last), taken):
                        cut = cut_to(whole, part)
                        if cut is not None:
                            yield cut
            taken += [planned.dates for planned in group]

    def _in_versions(self, planned: _Planned, level: Level, zone: ZoneInfo) -> Iterable[Assignment]:
        """One assignment for each stretch of dates on which no version of its rules changes."""
        dates = planned.dates
        if len(planned.shift_ids) > 1 and dates.first is None:
            dates = Dates(MONDAY_LONG_AGO, dates.last)
        for part in _parts(
            dates, [self._spans.get(each, ()) for each in planned.shift_ids if each]
        ):
            day = part.first or part.last or MONDAY_LONG_AGO
            shifts = tuple(self._shift_on(each, day, zone) for each in planned.shift_ids)
            # A shift before its first version is not planned; a day off is.
            if any(shifts) or not any(planned.shift_ids):
                whole = Assignment(shifts, dates.first, dates.last, level)
                cut = cut_to(whole, part)
                if cut is not None:
                    yield cut

    def _shift_on(self, shift_id: UUID | None, day: date, zone: ZoneInfo) -> Shift | None:
        span = None if shift_id is None else span_on(self._spans.get(shift_id, ()), day)
        return None if span is None else self._shift(span, zone)

    def _shift(self, span: Span, zone: ZoneInfo) -> Shift:
        key = (id(span), zone)
        if key not in self._shifts:
            policy = self._policies.get(id(span.policy))
            if policy is None:
                policy = self._policies[id(span.policy)] = engine_policy(span.policy)
            self._shifts[key] = engine_shift(span.shift, policy, zone)
        return self._shifts[key]


def _zone_on(places: Sequence[_AtPlace], day: date) -> ZoneInfo:
    return next(
        place.zone for place in places if place.dates.last is None or day <= place.dates.last
    )


def _parts(dates: Dates, spans: Sequence[Sequence[Span]]) -> Iterable[Dates]:
    begins = {span.first for each in spans for span in each if span.first is not None}
    begin = dates.first
    for cut in sorted(begins):
        part = common(dates, Dates(begin, cut - ONE_DAY))
        if part is not None and (begin is None or begin < cut):
            yield part
            begin = cut
    rest = common(dates, Dates(begin, None))
    if rest is not None:
        yield rest


def _assignments(person_ids: Collection[UUID] | None) -> list[_Planned]:
    rows = AssignmentTurn.objects.order_by(
        "assignment__first", "assignment_id", "position"
    ).values_list(
        "assignment_id",
        "assignment__person_id",
        "assignment__department_id",
        "assignment__site_id",
        "assignment__first",
        "assignment__last",
        "shift_id",
    )
    if person_ids is not None:
        rows = rows.filter(Q(assignment__person=None) | Q(assignment__person__in=person_ids))
    turns: dict[UUID, list[UUID | None]] = {}
    heads: dict[UUID, tuple[UUID | None, UUID | None, UUID | None, Dates]] = {}
    for pk, person_id, department_id, site_id, first, last, shift_id in rows:
        heads[pk] = (person_id, department_id, site_id, Dates(first, last))
        turns.setdefault(pk, []).append(shift_id)
    return [_Planned(*head, tuple(turns[pk])) for pk, head in heads.items()]


def _people(
    wanted: frozenset[UUID] | None, named: frozenset[UUID] | None
) -> Iterable[tuple[_Person, Dates | None]]:
    rows = Person.objects.order_by().values_list(
        "id",
        "department_id",
        "site_id",
        "site__time_zone",
        "status",
        "employed_from",
        "employed_to",
        "updated_at",
    )
    if named is not None:
        rows = rows.filter(pk__in=named)
    for pk, department_id, site_id, zone_name, status, first, last, updated_at in rows:
        if wanted is not None and pk not in wanted:
            continue
        zone = ZoneInfo(zone_name)
        employed: Dates | None = Dates(first, last)
        if status in _NOBODY:
            employed = None
        elif status in _GONE and last is None:
            # Nobody said when: at the latest on the day on which it was last written down.
            employed = common(Dates(first, None), Dates(None, updated_at.astimezone(zone).date()))
        yield _Person(pk, department_id, site_id, zone), employed


def _overrides(
    person_ids: Collection[UUID] | None, dates: Dates
) -> dict[UUID, list[tuple[date, UUID | None]]]:
    rows = RosterOverride.objects.filter(date__gte=dates.first, date__lte=dates.last)
    if person_ids is not None:
        rows = rows.filter(person__in=person_ids)
    found: dict[UUID, list[tuple[date, UUID | None]]] = {}
    for person_id, day, shift_id in rows.order_by("date", "id").values_list(
        "person_id", "date", "shift_id"
    ):
        found.setdefault(person_id, []).append((day, shift_id))
    return found
