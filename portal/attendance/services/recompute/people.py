"""Computing people's days and storing what came of it.

Public surface: ``recompute_people``, ``store_computed``, ``hold_people``, ``hold_stale``,
``Outcome``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.attendance.models import StaleDays
from portal.attendance.selectors.periods import hold_periods
from portal.attendance.services.exceptions import follow_exceptions
from portal.attendance.services.recompute.settled import adjust
from portal.attendance.services.recompute.store import store
from portal.attendance.services.recompute.work import Computed, Span, compute
from portal.core.events import AttendanceChanged, publish_on_commit
from portal.people.models import Person

__all__ = ["Outcome", "hold_people", "hold_stale", "recompute_people", "store_computed"]

# So many days at once: what others wait for stays short.
DAYS_AT_ONCE: Final = 1500


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many people and days were computed, and how many days now look otherwise: stored, taken
    away, or adjusted where they are settled."""

    people: int = 0
    days: int = 0
    changed: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.people + other.people, self.days + other.days, self.changed + other.changed
        )


def recompute_people(
    person_ids: Collection[UUID],
    *,
    first: date,
    last: date,
    cause: str,
    now: datetime | None = None,
) -> Outcome:
    """Compute and store these people's days from ``first`` to ``last``, none beyond tomorrow.

    In the caller's transaction, or else in several short ones. Asks for no right.
    """
    outcome = Outcome()
    if last < first:
        return outcome
    ids = sorted(set(person_ids))
    step = max(1, DAYS_AT_ONCE // ((last - first).days + 1))
    for start in range(0, len(ids), step):
        with transaction.atomic():
            held = hold_people(ids[start : start + step])
            # Whoever computed them of what was before is too late.
            stale = [row.pk for row in hold_stale(held)]
            StaleDays.objects.filter(pk__in=stale).update(generation=F("generation") + 1)
            spans = {pk: Span(first, last) for pk in held}
            computed = compute(spans, now=now or timezone.now())
            outcome += store_computed(computed, cause=cause)
    return outcome


def hold_people(ids: Collection[UUID]) -> list[UUID]:
    """Until the transaction ends nobody else stores these people's days; SQLite has one writer
    anyway. Answers who there is."""
    people = (
        Person.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=ids)
        .order_by("pk")
    )
    return list(people.values_list("pk", flat=True))


def hold_stale(ids: Collection[UUID]) -> list[StaleDays]:
    """Until the transaction ends nothing is marked of these people. In the order in which others
    mark, so that two of them never wait for each other."""
    return list(StaleDays.objects.select_for_update().filter(pk__in=ids).order_by("pk"))


def store_computed(computed: Computed, *, cause: str) -> Outcome:
    """For whoever holds these people, in that transaction."""
    # Whoever settles a period waits until these days are stored, or these wait for them.
    hold_periods()
    done = store(computed, cause=cause)
    adjusted = adjust(done, cause=cause)
    odd = follow_exceptions(computed, done)
    changed = len(done.changed) + len(done.removed) + adjusted
    if changed or odd:
        publish_on_commit("attendance", AttendanceChanged(type="attendance.changed"))
    return Outcome(len(computed.results), sum(map(len, computed.results.values())), changed)
