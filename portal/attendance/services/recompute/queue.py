"""Working off the days that something changed. Public surface: ``recompute_stale``, ``has_stale``.

A worker claims some people, computes without holding anybody up, and stores what came of it where
nothing changed meanwhile: then the generation is another one, and the days are computed again. What
dies on the way leaves its rows, and with them the work, to the next.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Case, F, IntegerField, Min, Q, QuerySet, Value, When
from django.utils import timezone

from portal.attendance.models import AttendanceDay, Punch, StaleDays
from portal.attendance.services.recompute.people import (
    Outcome,
    hold_people,
    hold_stale,
    store_computed,
)
from portal.attendance.services.recompute.store import RUNNING
from portal.attendance.services.recompute.work import Span, compute
from portal.attendance.services.stale import CLOCK
from portal.people.models import Person

__all__ = ["has_stale", "recompute_stale"]

_DAY: Final = timedelta(days=1)
# Days around a punch; what is longer is work for later, and is done from the newest on.
_SHORT: Final = timedelta(days=4)
_STRETCH: Final = timedelta(days=61)
_PEOPLE: Final = 100
_DAYS_AT_ONCE: Final = 1500
# Many times what a batch takes on a machine that is busy; and so long do these people wait where
# their worker died.
_LEASE: Final = timedelta(seconds=10)


def recompute_stale(*, within_s: float = 20.0) -> Outcome:
    """Compute until nothing is left, or the time is over; then the caller rings again."""
    outcome, ends = Outcome(), time.monotonic() + within_s
    while time.monotonic() < ends:
        rows = _claim()
        if not rows:
            break
        with _no_collecting():
            outcome += _work_off(rows)
    return outcome


@contextmanager
def _no_collecting() -> Iterator[None]:
    """What a batch is made of is needed until it is stored: to look through it for rubbish again
    and again takes an eighth of the time and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def has_stale() -> bool:
    """Whether there is something to do that nobody is at already."""
    return _free(timezone.now()).exists()


def _free(now: datetime) -> QuerySet[StaleDays]:
    return StaleDays.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now))


def _claim() -> dict[UUID, StaleDays]:
    """A batch whose dates lie together, the most urgent first; nobody else has these people."""
    now = timezone.now()
    # Most turns find nothing, and need not wait for whoever is writing.
    return _take(now) if _free(now).exists() else {}


@transaction.atomic
def _take(now: datetime) -> dict[UUID, StaleDays]:
    # What somebody is marking at this moment is left to the bell that rings when they have done so.
    free = (
        _free(now)
        .select_for_update(skip_locked=True)
        .annotate(
            rank=Case(
                When(last__gt=F("first") + _SHORT, then=Value(2)),
                When(cause=CLOCK, then=Value(1)),
                default=Value(0),
                output_field=IntegerField(),
            )
        )
    )
    head = free.order_by("rank", "asked_at").first()
    if head is None:
        return {}
    days = min(head.last - head.first, _STRETCH).days + 1
    beside = free.filter(
        first__gte=head.first - _DAY, last__lte=head.last + _DAY, rank=head.rank
    ).order_by("asked_at", "pk")
    rows: dict[UUID, StaleDays] = {
        row.pk: row for row in beside[: max(1, min(_PEOPLE, _DAYS_AT_ONCE // days))]
    }
    claim = uuid4().hex
    StaleDays.objects.filter(pk__in=rows.keys()).update(claim=claim, claimed_until=now + _LEASE)
    for row in rows.values():
        row.claim = claim
    return rows


def _work_off(rows: Mapping[UUID, StaleDays]) -> Outcome:
    since = _known_since(rows)
    spans: dict[str, dict[UUID, Span]] = {}
    for pk, row in rows.items():
        # The day before somebody was seen first may be that of their night.
        first = max(row.first, row.last - _STRETCH, since[pk] - _DAY)
        spans.setdefault(row.cause, {})[pk] = Span(first, row.last, since[pk])
    outcome = Outcome()
    for cause, some in spans.items():
        computed = compute(some, now=timezone.now())
        with transaction.atomic():
            hold_people(some)
            fresh = _unchanged({pk: rows[pk] for pk in some})
            outcome += store_computed(computed.only(fresh), cause=cause)
            _let_go(fresh)
            _settle({pk: rows[pk] for pk in fresh}, since)
            # Of these something changed meanwhile: somebody is to compute them again.
            StaleDays.objects.filter(pk__in=some.keys() - fresh, claim=_claim_of(rows)).update(
                claim="", claimed_until=None
            )
    return outcome


def _claim_of(rows: Mapping[UUID, StaleDays]) -> str:
    return next(iter(rows.values())).claim


def _unchanged(rows: Mapping[UUID, StaleDays]) -> set[UUID]:
    """Of whom nothing was marked since ``rows`` were read, nor is until the transaction ends.

    Whose claim it is does not matter: of two who computed the same the first stores it.
    """
    held = hold_stale(rows.keys())
    return {now.pk for now in held if _state(now) == _state(rows[now.pk])}


def _state(row: StaleDays) -> tuple[object, ...]:
    """Another one for every mark: a row that was worked off and made again begins to count anew."""
    return row.asked_at, row.generation, row.first, row.last


def _settle(rows: Mapping[UUID, StaleDays], since: Mapping[UUID, date]) -> None:
    """What was computed is stale no longer; of a long stretch what lies before is still to be
    done."""
    whole: dict[int, list[UUID]] = {}
    for pk, row in rows.items():
        begin = row.last - _STRETCH
        if begin <= row.first or begin < since[pk]:
            whole.setdefault(row.generation, []).append(pk)
        else:
            StaleDays.objects.filter(pk=pk, generation=row.generation).update(
                last=begin - _DAY, claim="", claimed_until=None
            )
    for generation, ids in whole.items():
        StaleDays.objects.filter(pk__in=ids, generation=generation).delete()


def _let_go(ids: Iterable[UUID]) -> None:
    """Nobody waits any more for whoever was erased."""
    erased = Person.objects.filter(pk__in=list(ids), status=Person.Status.ERASED)
    gone = list(erased.values_list("pk", flat=True))
    if gone:
        days = AttendanceDay.objects.filter(person__in=gone)
        days.filter(status__in=RUNNING, punch_keys=[]).delete()
        days.filter(due_at__isnull=False).update(due_at=None)


def _known_since(rows: Mapping[UUID, StaleDays]) -> dict[UUID, date]:
    """From when people's days are told of: since they are known here, or were first seen.

    Without it a shift that was ever so would make somebody absent from years before they came.
    """
    people = list(
        Person.objects.filter(pk__in=rows.keys()).values_list("pk", "created_at", "site__time_zone")
    )
    zones = {pk: ZoneInfo(zone) for pk, _, zone in people}
    found = {pk: _date_of(created_at, zones[pk]) for pk, created_at, _ in people}
    early = [pk for pk, day in found.items() if rows[pk].first < day]
    if not early:
        return found
    stored = AttendanceDay.objects.filter(person__in=early).order_by()
    for pk, day in stored.values_list("person_id").annotate(first=Min("work_date")):
        found[pk] = min(found[pk], day)
    seen = Punch.objects.filter(person__in=early, voided_at=None).order_by()
    for pk, at in seen.values_list("person_id").annotate(first=Min("at")):
        found[pk] = min(found[pk], _date_of(at, zones[pk]))
    return found


def _date_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
