"""Changing the roster: the one way in which a cell is set.

Public surface: ``CellChange``, ``Applied``, ``set_cells``, ``MOST_AT_ONCE``. Either every change is
made or none; each is checked for shifts that overlap, audited, and told to whoever keeps days.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError, NotFound
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.schedules.changes import PlanChange, tell
from portal.schedules.models import RosterOverride, Shift
from portal.schedules.selectors.schedules import schedules_of
from portal.schedules.selectors.versions import Span, span_on, spans_of
from portal.schedules.services.check import check_plan, refuse_overlap

__all__ = ["MOST_AT_ONCE", "Applied", "CellChange", "set_cells"]

MOST_AT_ONCE: Final = 10_000
# As far as ``check_plan`` looks.
_AHEAD: Final = timedelta(days=400)
_BACK: Final = timedelta(days=400)
_MOST_TOLD: Final = 100
_MOST_SHIFTS: Final = 4

# A cell's shifts by their ids, none for a day off; None where the plan decides.
Wanted = tuple[UUID, ...] | None
_Place = tuple[UUID, date]


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell is to become ``to``. With ``is_seen`` it must still be ``seen``: what somebody else
    set in the meantime is not overwritten unseen."""

    person_id: UUID
    day: date
    to: Wanted
    seen: Wanted = None
    is_seen: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What became another cell, and the changes that would take it back."""

    changed: tuple[CellChange, ...]
    undo: tuple[CellChange, ...]


@transaction.atomic
def set_cells(changes: Sequence[CellChange]) -> Applied:
    """Raises ``DomainError``, and changes nothing: ``schedule.overlap``, ``roster.stale``,
    ``roster.shift``, ``roster.dates``, ``roster.too_many``; ``NotFound`` for people whom the
    actor's rights do not reach."""
    require("schedules.manage")
    changes = [replace(each, to=_sorted(each.to), seen=_sorted(each.seen)) for each in changes]
    _check_count(changes)
    people = _locked_people({each.person_id for each in changes})
    _check_dates(changes, people)
    _check_shifts(changes, people)
    before = _before(changes)
    _check_seen(changes, people, before)
    changed = [each for each in changes if before.get(_place(each)) != each.to]
    if not changed:
        return Applied((), ())
    _write(changed)
    _check_overlap(changed, people)
    _record(changed, before)
    _tell(changed)
    undo = tuple(
        CellChange(each.person_id, each.day, before.get(_place(each)), each.to, is_seen=True)
        for each in changed
    )
    return Applied(tuple(changed), undo)


def _check_count(changes: Sequence[CellChange]) -> None:
    if len(changes) > MOST_AT_ONCE:
        raise DomainError(
            f"At most {MOST_AT_ONCE} days are set at once; these are {len(changes)}. Choose fewer "
            "people or weeks.",
            code="roster.too_many",
        )
    if len({_place(each) for each in changes}) < len(changes):
        raise DomainError("One day was named twice. Reload the page.", code="roster.twice")


def _locked_people(person_ids: Collection[UUID]) -> dict[UUID, Person]:
    """Locked in one order, so that two planners never wait for each other."""
    scope = current_actor().scope
    people = {
        person.pk: person
        for person in Person.objects.select_for_update(of=("self",))
        .filter(within_scope(scope), pk__in=person_ids, status__in=Person.LIVING)
        .order_by("pk")
    }
    if len(people) < len(person_ids):
        raise NotFound("Somebody of these is not known any more, or your rights do not reach them.")
    return people


def _check_dates(changes: Sequence[CellChange], people: Mapping[UUID, Person]) -> None:
    today = timezone.localdate()
    for each in changes:
        if not today - _BACK <= each.day <= today + _AHEAD:
            raise DomainError(
                f"{each.day:%-d %B %Y} is more than {_AHEAD.days} days from today. Give the person "
                "an assignment for that time.",
                code="roster.dates",
            )
        person = people[each.person_id]
        first, last = person.employed_from, person.employed_to
        if (first is not None and each.day < first) or (last is not None and each.day > last):
            raise DomainError(
                f"{person.name} does not belong here on {each.day:%-d %B %Y}.",
                code="roster.dates",
                http_status=409,
            )


def _check_shifts(changes: Sequence[CellChange], people: Mapping[UUID, Person]) -> None:
    ids = {pk for each in changes for pk in each.to or ()}
    if not ids:
        return
    shifts = Shift.objects.select_related("site").in_bulk(ids)
    spans = spans_of(ids)
    for each in changes:
        if len(each.to or ()) > _MOST_SHIFTS:
            raise DomainError(f"A day has at most {_MOST_SHIFTS} shifts.", code="roster.shift")
        for pk in each.to or ():
            _check_shift(shifts.get(pk), spans.get(pk, ()), people[each.person_id], each.day)


def _check_shift(shift: Shift | None, spans: Sequence[Span], person: Person, day: date) -> None:
    if shift is None or shift.retired_at is not None:
        name = "This shift" if shift is None else f"“{shift.name}”"
        raise DomainError(
            f"{name} is given to nobody any more. Choose another.", code="roster.shift"
        )
    if shift.site is not None and shift.site_id != person.site_id:
        raise DomainError(
            f"“{shift.name}” is worked at {shift.site.name} alone, and {person.name} belongs to "
            "another site.",
            code="roster.shift",
            http_status=409,
        )
    if span_on(spans, day) is None:
        raise DomainError(
            f"“{shift.name}” has no hours yet on {day:%-d %B %Y}.",
            code="roster.shift",
            http_status=409,
        )


def _before(changes: Sequence[CellChange]) -> dict[_Place, Wanted]:
    """What the cells are now; a cell without overrides is left out."""
    days = [each.day for each in changes]
    if not days:
        return {}
    places = {_place(each) for each in changes}
    rows = RosterOverride.objects.filter(
        person__in={each.person_id for each in changes}, date__gte=min(days), date__lte=max(days)
    )
    found: dict[_Place, list[UUID]] = {}
    for person_id, day, shift_id in rows.values_list("person_id", "date", "shift_id"):
        if (person_id, day) in places:
            shifts = found.setdefault((person_id, day), [])
            if shift_id is not None:
                shifts.append(shift_id)
    return {place: tuple(sorted(shifts)) for place, shifts in found.items()}


def _check_seen(
    changes: Sequence[CellChange],
    people: Mapping[UUID, Person],
    before: Mapping[_Place, Wanted],
) -> None:
    for each in changes:
        if each.is_seen and before.get(_place(each)) != each.seen:
            raise DomainError(
                f"Somebody else has changed {each.day:%-d %B} of {people[each.person_id].name} in "
                "the meantime. The roster is read again: look at it, and decide anew.",
                code="roster.stale",
                http_status=409,
            )


def _write(changed: Sequence[CellChange]) -> None:
    by_day: dict[date, set[UUID]] = {}
    for each in changed:
        by_day.setdefault(each.day, set()).add(each.person_id)
    for day, person_ids in by_day.items():
        RosterOverride.objects.filter(date=day, person__in=person_ids).delete()
    label = current_actor().label
    RosterOverride.objects.bulk_create(
        RosterOverride(person_id=each.person_id, date=each.day, shift_id=shift_id, made_by=label)
        for each in changed
        if each.to is not None
        for shift_id in each.to or (None,)
    )


def _check_overlap(changed: Sequence[CellChange], people: Mapping[UUID, Person]) -> None:
    first = min(each.day for each in changed)
    person_ids = {each.person_id for each in changed}
    try:
        check_plan(person_ids, around=first)
    except DomainError as error:
        whose = _first_refused(person_ids, first, people)
        raise DomainError(
            f"{whose}: {error.message}" if whose else error.message,
            code=error.code,
            http_status=error.http_status,
            data=error.data,
        ) from error


def _first_refused(person_ids: Collection[UUID], first: date, people: Mapping[UUID, Person]) -> str:
    """Whose plan it was, by name: in a copy for many only one of them may stand in the way."""
    last = first + _AHEAD
    for pk, schedule in schedules_of(person_ids, first=first, last=last).items():
        try:
            refuse_overlap({pk: schedule}, around=first)
        except DomainError:
            return people[pk].name
    return ""


def _record(changed: Sequence[CellChange], before: Mapping[_Place, Wanted]) -> None:
    told = changed[:_MOST_TOLD]
    record(
        "schedules.roster.changed",
        before={"cells": [_said(each, before.get(_place(each))) for each in told]},
        after={
            "cells": [_said(each, each.to) for each in told],
            "days": len(changed),
            "people": len({each.person_id for each in changed}),
        },
    )


def _said(change: CellChange, value: Wanted) -> list[str]:
    shifts = "plan" if value is None else ",".join(map(str, value)) or "off"
    return [str(change.person_id), change.day.isoformat(), shifts]


def _tell(changed: Sequence[CellChange]) -> None:
    """People whose changes lie on the same dates are told of together, and of no other dates."""
    dates: dict[UUID, list[date]] = {}
    for each in changed:
        dates.setdefault(each.person_id, []).append(each.day)
    spans: dict[tuple[date, date], set[UUID]] = {}
    for person_id, days in dates.items():
        spans.setdefault((min(days), max(days)), set()).add(person_id)
    for (first, last), person_ids in spans.items():
        tell(PlanChange(person_ids=frozenset(person_ids), first=first, last=last, cause="roster"))


def _place(change: CellChange) -> _Place:
    return change.person_id, change.day


def _sorted(value: Wanted) -> Wanted:
    return None if value is None else tuple(sorted(set(value)))
