"""All that the days of many people depend on, as the engine wants it. Public surface: ``inputs_of``,
``read_inputs``, ``Reading``.

A number of queries that does not depend on how many people are asked about. It asks for no right:
it is what days are computed from, and pages that show days ask for theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from portal.attendance.engine import (
    MARGIN,
    Direction,
    PersonInputs,
    Sighting,
    Source,
    earliest_mark,
)
from portal.attendance.models import Punch
from portal.attendance.selectors.corrections import corrections_for
from portal.attendance.selectors.oddities import LATE, Late
from portal.attendance.selectors.watermarks import site_marks
from portal.people.models import Person
from portal.people.stays import Stay, stay_on, stays_of
from portal.schedules.selectors.holidays import holidays_of
from portal.schedules.selectors.leave import leaves_of
from portal.schedules.selectors.schedules import schedules_of

__all__ = ["Reading", "inputs_of", "read_inputs"]

_DAY: Final = timedelta(days=1)
# Whoever was seen, by whatever: two of these within the debounce are one passage.
_SEEN: Final = Source.CAMERA
_SOURCES: Final[dict[str, Source]] = {
    Punch.Source.CAMERA: _SEEN,
    Punch.Source.KIOSK: _SEEN,
    Punch.Source.PIN: _SEEN,
    Punch.Source.QR: _SEEN,
    Punch.Source.MANUAL: Source.MANUAL,
    Punch.Source.IMPORT: Source.IMPORT,
}
_DIRECTIONS: Final[dict[str, Direction]] = {each.value: each for each in Direction}


def inputs_of(
    person_ids: Collection[UUID], *, first: date, last: date, now: datetime | None = None
) -> dict[UUID, PersonInputs]:
    """``read_inputs`` without what is not for the engine."""
    return read_inputs(person_ids, first=first, last=last, now=now).inputs


@dataclass(frozen=True, slots=True)
class Reading:
    """``late`` are the punches that were told of long after they happened, ``stays`` where people
    belonged who were moved since."""

    inputs: dict[UUID, PersonInputs]
    late: dict[UUID, Late]
    stays: dict[UUID, tuple[Stay, ...]]


def read_inputs(
    person_ids: Collection[UUID], *, first: date, last: date, now: datetime | None = None
) -> Reading:
    """What the days from ``first`` to ``last`` of these people are made of; who does not exist is
    left out.

    The key of a sighting is the id of its punch, that of a correction its own. All cameras look at
    one passage here: who is seen by two of them within the debounce, in the same direction, passed
    once. Punches that wait for their name count for nothing, and keep the days around them from
    being certain.
    """
    now = now or timezone.now()
    places = {
        pk: (site_id, ZoneInfo(zone))
        for pk, site_id, zone in Person.objects.filter(pk__in=person_ids)
        .order_by()
        .values_list("pk", "site_id", "site__time_zone")
    }
    near = (first - MARGIN, last + MARGIN)
    stays = {
        pk: tuple(stay for stay in former if stay.last_day >= near[0])
        for pk, former in stays_of(places.keys()).items()
    }
    sites = {site_id for site_id, _ in places.values()}
    sites |= {stay.site_id for former in stays.values() for stay in former}
    marks = site_marks(sites, now=now)
    schedules = schedules_of(places.keys(), first=first, last=last)
    leaves = leaves_of(places.keys(), first=near[0], last=near[1])
    holidays = holidays_of(sites, first=near[0], last=near[1])
    corrections = corrections_for(places.keys(), first=first, last=last)
    zones = {zone for _, zone in places.values()}
    seen = _Seen(places, {zone: _bounds(*near, zone) for zone in zones})
    inputs = {
        pk: PersonInputs(
            zone=zone,
            now=now,
            watermark=_mark(marks, site_id, stays.get(pk, ()), now=now),
            schedule=schedules[pk],
            sightings=tuple(seen.sightings.get(pk, ())),
            leaves=leaves.get(pk, ()),
            holidays=_holidays(holidays, site_id, stays.get(pk, ())),
            corrections=corrections.get(pk, ()),
            unsure=tuple(seen.unsure.get(pk, ())),
        )
        for pk, (site_id, zone) in places.items()
    }
    return Reading(inputs, seen.late, stays)


def _mark(
    marks: Mapping[UUID, datetime | None], site_id: UUID, stays: Sequence[Stay], *, now: datetime
) -> datetime | None:
    """Of whoever was moved lately, both places have to have reported."""
    if not stays:
        return marks[site_id]
    return earliest_mark([marks[site_id], *(marks[stay.site_id] for stay in stays)], now=now)


def _holidays(
    holidays: Mapping[UUID, frozenset[date]], site_id: UUID, stays: Sequence[Stay]
) -> frozenset[date]:
    """Each date's of the site where they belonged on it."""
    here = holidays.get(site_id, frozenset())
    if not stays:
        return here
    kept = {day for day in here if stay_on(stays, day) is None}
    for stay in stays:
        there = holidays.get(stay.site_id, frozenset())
        kept |= {day for day in there if stay_on(stays, day) is stay}
    return frozenset(kept)


class _Seen:
    """The punches of many people: those that count, and when there are some that may."""

    def __init__(
        self,
        places: dict[UUID, tuple[UUID, ZoneInfo]],
        bounds: dict[ZoneInfo, tuple[datetime, datetime]],
    ) -> None:
        self.sightings: dict[UUID, list[Sighting]] = {}
        self.unsure: dict[UUID, list[datetime]] = {}
        self.late: dict[UUID, Late] = {}
        if not places:
            return
        first = min(low for low, _ in bounds.values())
        last = max(high for _, high in bounds.values())
        # By the id as the database keeps it: made into a UUID for each punch it costs more.
        stored = {_as_stored(pk): pk for pk in places}
        seen: dict[object, list[Sighting]] = {key: [] for key in stored}
        within = (
            {} if len(bounds) == 1 else {key: bounds[places[pk][1]] for key, pk in stored.items()}
        )
        for pk, owner, at, until, told, direction, source, state in _rows_of(
            places.keys(), first, last
        ):
            if within and not within[owner][0] <= at < within[owner][1]:
                continue
            if state == Punch.State.PENDING:
                self.unsure.setdefault(stored[owner], []).append(at)
                continue
            if told is not None and _SOURCES[source] is _SEEN:
                self.late.setdefault(stored[owner], {})[pk] = (at, told)
            seen[owner].append(
                Sighting(at, _DIRECTIONS[direction], "", _SOURCES[source], False, pk, until)
            )
        self.sightings = {stored[owner]: each for owner, each in seen.items()}


# id, person as stored, at, until (None: at once), told (None: at once), direction, source, state
_Row = tuple[str, object, datetime, datetime | None, datetime | None, str, str, str]


def _rows_of(people: Collection[UUID], first: datetime, last: datetime) -> Iterator[_Row]:
    """The punches of these people from ``first`` until ``last``.

    There may be a million of them. Django's own way from a column to its value costs as much as
    computing the days of them, so what the database answers is taken as it comes.
    """
    rows = (
        Punch.objects.filter(person__in=people, at__gte=first, at__lt=last, voided_at=None)
        .exclude(state=Punch.State.QUARANTINED)
        .order_by()
    )
    is_text = connection.vendor == "sqlite"
    if is_text:
        # As text, since the driver would convert each of them by a function in Python.
        rows = rows.annotate(
            **{f"{name}_": Cast(name, TextField()) for name in ("at", "last_at", "received_at")}
        )
    names = ("at_", "last_at_", "received_at_") if is_text else ("at", "last_at", "received_at")
    query = rows.values_list("pk", "person_id", *names, "direction", "source", "state").query
    with connection.cursor() as cursor:
        cursor.execute(*query.sql_with_params())
        while some := cursor.fetchmany(2000):
            yield from map(_from_text if is_text else _from_values, some)


def _from_text(row: tuple[str, ...]) -> _Row:
    """SQLite keeps UTC and does not say so."""
    pk, person_id, at_text, last_text, told_text, direction, source, state = row
    key = f"{pk[:8]}-{pk[8:12]}-{pk[12:16]}-{pk[16:20]}-{pk[20:]}"
    at = datetime.fromisoformat(f"{at_text}+00:00")
    last = at if last_text == at_text else datetime.fromisoformat(f"{last_text}+00:00")
    told = None
    # Within the same ten minutes nothing was told late.
    if told_text[:15] != last_text[:15]:
        told = _if_late(last, datetime.fromisoformat(f"{told_text}+00:00"))
    return key, person_id, at, last if last > at else None, told, direction, source, state


def _from_values(row: tuple[Any, ...]) -> _Row:
    pk, person_id, at, last, told, direction, source, state = row
    until = last if last > at else None
    return str(pk), person_id, at, until, _if_late(last, told), direction, source, state


def _if_late(last: datetime, told: datetime) -> datetime | None:
    return told if told - last > LATE else None


def _as_stored(pk: UUID) -> object:
    return pk if connection.features.has_native_uuid_field else pk.hex


def _bounds(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first midnight to the last: the same for one date as for a whole year around it."""
    ends = (datetime.combine(day, time(), zone) for day in (first, last + _DAY))
    low, high = (at.astimezone(UTC) for at in ends)
    return low, high
