"""Saying that days have to be computed anew. Public surface: ``mark_stale``, ``mark_around``,
``horizon``, ``CLOCK``.

A row per person holds the dates and a generation. Whoever computes deletes it only where the
generation is still the one that was read, so nothing that changes meanwhile is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import DateField, F, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from portal.attendance.models import StaleDays
from portal.jobs.dispatch import ring_on_commit
from portal.people.models import Person

__all__ = ["CLOCK", "horizon", "mark_around", "mark_stale"]

# The cause of days that only the clock made stale: whoever was just seen goes before.
CLOCK: Final = "clock"

_AT_ONCE: Final = 500
_DAY: Final = timedelta(days=1)
_CAUSE: Final = 60

_Dates = tuple[date, date]


def horizon(now: datetime) -> date:
    """The last date that is stored anywhere: tomorrow, where it is tomorrow first."""
    return (now + timedelta(hours=14)).date() + _DAY


def mark_stale(
    person_ids: Collection[UUID] | None, *, first: date, last: date | None, cause: str
) -> None:
    """These people's days from ``first`` to ``last`` (None: to the last that is stored) have to be
    computed anew; None for the people is everybody. ``cause`` is a short code for the record.

    Asks for no right: whoever changed something did.
    """
    until = horizon(timezone.now()) if last is None else last
    if until < first:
        return
    ids = Person.objects.values_list("pk", flat=True) if person_ids is None else person_ids
    _mark_all(dict.fromkeys(ids, (first, until)), cause)


def mark_around(moments: Iterable[tuple[UUID, datetime]], *, cause: str) -> None:
    """The days that something at this instant has a say in: its own and its neighbours."""
    of_person: dict[UUID, list[datetime]] = {}
    for person_id, at in moments:
        of_person.setdefault(person_id, []).append(at)
    if not of_person:
        return
    zones = Person.objects.filter(pk__in=of_person).values_list("pk", "site__time_zone")
    wanted: dict[UUID, _Dates] = {}
    for person_id, zone in zones:
        days = [at.astimezone(ZoneInfo(zone)).date() for at in of_person[person_id]]
        wanted[person_id] = (min(days) - _DAY, max(days) + _DAY)
    _mark_all(wanted, cause)


@transaction.atomic
def _mark_all(wanted: Mapping[UUID, _Dates], cause: str) -> None:
    cause, now = cause[:_CAUSE], timezone.now()
    # All of them before any is marked, in one order whatever their dates: so two of these never
    # wait for each other.
    for some in _portions(sorted(wanted)):
        _hold({pk: wanted[pk] for pk in some}, cause, now)
    people: dict[_Dates, list[UUID]] = {}
    for pk, dates in wanted.items():
        people.setdefault(dates, []).append(pk)
    for dates, ids in people.items():
        for some in _portions(ids):
            _mark(some, dates, cause)
    ring_on_commit("attendance.recompute")


def _hold(spans: Mapping[UUID, _Dates], cause: str, now: datetime) -> None:
    """Make the rows that are not there, and hold them all until the transaction ends. Nobody's
    claim counts any more: what is being computed is of what was before."""
    StaleDays.objects.bulk_create(
        [
            StaleDays(person_id=pk, first=first, last=last, generation=0, cause=cause, asked_at=now)
            for pk, (first, last) in spans.items()
        ],
        update_conflicts=True,
        unique_fields=["person"],
        update_fields=["claim", "claimed_until"],
    )


def _mark(ids: list[UUID], span: _Dates, cause: str) -> None:
    first, last = span
    StaleDays.objects.filter(pk__in=ids).update(
        first=Least(F("first"), Value(first, DateField())),
        last=Greatest(F("last"), Value(last, DateField())),
        generation=F("generation") + 1,
        # That the clock goes on besides explains nothing.
        **({} if cause == CLOCK else {"cause": cause}),
    )


def _portions(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
