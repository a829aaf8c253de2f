"""Who is on leave when, and the requests behind it.

Public surface: ``leaves_of``, ``dates_of``; ``visible_leaves``, ``visible_leave``, ``own_leaves``,
``waiting_leaves``, ``waiting_count``; ``own_person``, ``own_person_id``, ``is_own``, ``has_begun``,
``leave_types``. ``leaves_of`` asks for no right: it is what days are computed from, and pages that
show leave ask for theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.attendance.engine import Leave as DayOfLeave
from portal.attendance.engine import LeavePart
from portal.core.context import Actor, current_actor, require
from portal.core.errors import NotFound
from portal.people.entries import entries_of, is_same_human, own_entries
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.schedules.models import Leave, LeaveType

__all__ = [
    "dates_of",
    "has_begun",
    "is_own",
    "leave_types",
    "leaves_of",
    "own_leaves",
    "own_person",
    "own_person_id",
    "visible_leave",
    "visible_leaves",
    "waiting_count",
    "waiting_leaves",
]

ONE_DAY = timedelta(days=1)
# More people than a database takes in one list are asked for by asking for all.
MOST_NAMED = 20_000


def leaves_of(
    person_ids: Collection[UUID] | None, *, first: date, last: date
) -> dict[UUID, tuple[DayOfLeave, ...]]:
    """Per person (None: of everybody) the approved leave on each date from ``first`` to ``last``,
    both included, in the order of time. Two halves of one date are two entries, the first half
    first. Who has none is left out. One query.
    """
    rows = Leave.objects.filter(
        state=Leave.State.APPROVED, first__lte=last, last__gte=first
    ).order_by("person", "first", "part", "id")
    wanted = None if person_ids is None else frozenset(person_ids)
    if wanted is not None and len(wanted) <= MOST_NAMED:
        rows = rows.filter(person__in=wanted)
    # Of a set, since nothing would be gained by saying the same of a date twice.
    found: dict[UUID, set[DayOfLeave]] = {}
    for person_id, begins, ends, part in rows.values_list("person_id", "first", "last", "part"):
        if wanted is None or person_id in wanted:
            days = dates_of(max(begins, first), min(ends, last))
            found.setdefault(person_id, set()).update(
                DayOfLeave(day, LeavePart(part)) for day in days
            )
    return {
        person_id: tuple(sorted(days, key=lambda each: (each.date, each.part)))
        for person_id, days in found.items()
    }


def dates_of(first: date, last: date) -> Iterator[date]:
    """Every date from one to another, both included. Dates have no clocks that change."""
    for ahead in range((last - first).days + 1):
        yield first + ahead * ONE_DAY


def own_person(actor: Actor) -> Person | None:
    """Whose account this is; None where it is nobody's in particular, or no account at all."""
    if actor.kind != "user" or not actor.id.isdecimal():
        return None
    return (
        Person.objects.select_related("site", "department")
        .filter(user=int(actor.id), status__in=Person.LIVING)
        .first()
    )


def own_person_id(actor: Actor) -> UUID | None:
    person = own_person(actor)
    return None if person is None else person.pk


def visible_leaves() -> QuerySet[Leave]:
    """Leave of the people whom the actor's rights reach, and the actor's own."""
    actor = require("self.view")
    mine = Q(person=own_person_id(actor)) if actor.kind == "user" else Q(pk__in=[])
    reached = within_scope(actor.scope, path="person__")
    if not actor.may("schedules.view"):
        return _shown(Leave.objects.filter(mine))
    # No limit is an empty condition, and "mine or nothing in particular" would be mine alone.
    return _shown(Leave.objects.filter(mine | reached) if reached else Leave.objects.all())


def visible_leave(leave_id: UUID) -> Leave:
    found = visible_leaves().filter(pk=leave_id).first()
    if found is None:
        raise NotFound("There is no such leave.")
    return found


def own_leaves() -> QuerySet[Leave]:
    """The actor's own, the latest first."""
    return _shown(Leave.objects.filter(person=own_person_id(require("self.view")))).order_by(
        "-first", "-id"
    )


def waiting_leaves() -> QuerySet[Leave]:
    """What waits for the actor to decide, the soonest first: no request of theirs, and none for
    them."""
    actor = require("attendance.decide")
    waiting = Leave.objects.filter(
        within_scope(actor.scope, path="person__"), state=Leave.State.REQUESTED
    )
    if actor.kind == "user" and actor.id.isdecimal():
        mine = own_entries(int(actor.id))
        waiting = (
            waiting.exclude(requested_by=int(actor.id))
            .exclude(requested_by__person__in=mine)
            .exclude(person__in=mine)
        )
    return _shown(waiting).order_by("first", "id")


def waiting_count() -> int:
    """0 for whoever decides on nothing."""
    return waiting_leaves().count() if current_actor().may("attendance.decide") else 0


def is_own(leave: Leave, actor: Actor) -> bool:
    """Whether the actor asked for it, or is the one on leave, by whatever entry and account."""
    if actor.kind != "user" or not actor.id.isdecimal():
        return False
    if str(leave.requested_by_id) == actor.id:
        return True
    user = User.objects.filter(pk=int(actor.id)).first()
    if user is None:
        return False
    asked = leave.requested_by
    return entries_of(leave.person).is_account(user) or (
        asked is not None and is_same_human(asked, user)
    )


def has_begun(leave: Leave) -> bool:
    """By the clock of the site."""
    zone = ZoneInfo(leave.person.site.time_zone)
    return leave.first <= timezone.localdate(timezone=zone)


def leave_types(*, with_retired: bool = False) -> QuerySet[LeaveType]:
    kinds = LeaveType.objects.order_by("name")
    return kinds if with_retired else kinds.filter(retired_at=None)


def _shown(leaves: QuerySet[Leave]) -> QuerySet[Leave]:
    return leaves.filter(person__status__in=Person.LIVING).select_related(
        "type", "person__site", "person__department", "requested_by", "decided_by"
    )
