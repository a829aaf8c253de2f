"""Who works what: shifts and rotations given to people, departments, sites or everybody.

Public surface: ``Whom``, ``Plan``, ``Beside``, ``assign``, ``end_assignment``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction

from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.organisation.models import Department, Site
from portal.people.models import Person
from portal.people.selectors import is_within
from portal.schedules.models import Assignment, AssignmentTurn, Shift
from portal.schedules.selectors.dates import Dates, less
from portal.schedules.services.changing import changing
from portal.schedules.services.reach import require_everywhere, require_site

__all__ = ["Beside", "Plan", "Whom", "assign", "end_assignment"]

ONE_DAY = timedelta(days=1)
# Longer rotations are a roster, which is planned date by date.
MOST_TURNS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """These people, else a department with what lies below it, else a site, else everybody."""

    person_ids: frozenset[UUID] = frozenset()
    department_id: UUID | None = None
    site_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One shift, or one turn a date from ``first`` on; None is a day off."""

    shift_ids: tuple[UUID | None, ...]
    first: date
    last: date | None = None


class Beside(StrEnum):
    """What becomes of what the same people are given on these dates already."""

    INSTEAD = "instead"
    AS_WELL = "as_well"


@dataclass(frozen=True, slots=True)
class _Target:
    """One row's ``person``, ``department`` and ``site``, and where that is."""

    ids: dict[str, UUID]
    site_id: UUID | None


@transaction.atomic
def assign(whom: Whom, plan: Plan, *, beside: Beside = Beside.INSTEAD) -> list[Assignment]:
    """One assignment for each target.

    ``INSTEAD`` takes these dates out of what the same target was given before; what lies before
    and after them stays. ``AS_WELL`` makes a second shift of the same dates. Raises ``DomainError``:
    ``schedule.overlap``, ``assignment.shift``, ``assignment.turns``, ``assignment.dates``,
    ``assignment.whom``.
    """
    require("schedules.manage")
    targets = _targets(whom)
    _check_turns(plan, targets)
    made = []
    with changing(first=plan.first, cause="assignment", person_ids=_reached(whom)):
        for target in targets:
            if beside is Beside.INSTEAD:
                _make_room(target, Dates(plan.first, plan.last))
            made.append(_add(target.ids, plan.shift_ids, Dates(plan.first, plan.last)))
    for assignment in made:
        record(
            "schedules.assignment.made",
            target=assignment,
            after={**_told(assignment, plan.shift_ids), "beside": beside.value},
        )
    return made


@transaction.atomic
def end_assignment(assignment: Assignment, *, last: date) -> Assignment | None:
    """``last`` is the last date on which it holds. One that ends before it begins is taken back
    as if it had never been made, and None is answered."""
    require("schedules.manage")
    locked = Assignment.objects.select_for_update().get(pk=assignment.pk)
    _require_target(locked)
    if locked.last is not None and last > locked.last:
        raise DomainError(
            f"It ends on {locked.last:%-d %B %Y} already. To go on with it, assign it anew.",
            code="assignment.dates",
        )
    before = {"last": locked.last.isoformat() if locked.last else None}
    people = frozenset({locked.person_id}) if locked.person_id else None
    is_taken_back = locked.first is not None and last < locked.first
    first = locked.first if is_taken_back and locked.first else last + ONE_DAY
    with changing(first=first, cause="assignment", person_ids=people):
        record(
            "schedules.assignment.taken_back" if is_taken_back else "schedules.assignment.ended",
            target=locked,
            before=before,
            after={} if is_taken_back else {"last": last.isoformat()},
        )
        if is_taken_back:
            locked.delete()
            return None
        locked.last = last
        locked.save(update_fields=["last"])
    return locked


def _targets(whom: Whom) -> list[_Target]:
    if whom.person_ids:
        return [_Target({"person_id": each.pk}, each.site_id) for each in _people(whom.person_ids)]
    if whom.department_id is not None:
        department = Department.objects.filter(pk=whom.department_id).first()
        _require_department(department)
        if department is None:
            raise DomainError("This department is gone. Choose another.", code="assignment.whom")
        return [_Target({"department_id": department.pk}, department.site_id)]
    if whom.site_id is not None:
        require_site(whom.site_id, "This assignment")
        if not Site.objects.filter(pk=whom.site_id).exists():
            raise DomainError("This site is gone. Choose another.", code="assignment.whom")
        return [_Target({"site_id": whom.site_id}, whom.site_id)]
    require_everywhere("An assignment of everybody")
    return [_Target({}, None)]


def _people(person_ids: frozenset[UUID]) -> list[Person]:
    scope = require("schedules.manage").scope
    people = [
        each
        for each in Person.objects.filter(pk__in=person_ids, status__in=Person.LIVING)
        if is_within(scope, each)
    ]
    if len(people) != len(person_ids):
        raise DomainError(
            "Some of these people are not there any more, or not among those you answer for. "
            "Choose them anew.",
            code="assignment.whom",
        )
    return sorted(people, key=lambda each: (each.name, each.code))


def _require_department(department: Department | None) -> None:
    scope = require("schedules.manage").scope
    if department is None:
        return
    beyond = scope.site_ids is not None and department.site_id not in scope.site_ids
    other = scope.department_ids is not None and department.pk not in scope.department_ids
    if beyond or other:
        require_everywhere("An assignment of this department")


def _require_target(assignment: Assignment) -> None:
    if assignment.person_id is not None:
        _people(frozenset({assignment.person_id}))
    elif assignment.department_id is not None:
        _require_department(assignment.department)
    else:
        require_site(assignment.site_id, "This assignment")


def _check_turns(plan: Plan, targets: list[_Target]) -> None:
    if plan.last is not None and plan.last < plan.first:
        raise DomainError(
            "The last date lies before the first. Give a later one, or none.",
            code="assignment.dates",
            data={"field": "last"},
        )
    if not 0 < len(plan.shift_ids) <= MOST_TURNS:
        raise DomainError(
            f"A rotation has from 1 to {MOST_TURNS} days, and this has {len(plan.shift_ids)}. "
            "What does not repeat is planned in the roster, date by date.",
            code="assignment.turns",
            data={"field": "turns"},
        )
    shifts = Shift.objects.in_bulk({each for each in plan.shift_ids if each is not None})
    for shift_id in plan.shift_ids:
        if shift_id is None:
            continue
        shift = shifts.get(shift_id)
        if shift is None or shift.retired_at is not None:
            name = f"“{shift.name}” is retired" if shift else "One of these shifts is gone"
            raise DomainError(
                f"{name}. Choose another.",
                code="assignment.shift",
                data={"field": "turns"},
            )
        if shift.site_id is not None and any(each.site_id != shift.site_id for each in targets):
            raise DomainError(
                f"“{shift.name}” is a shift of one site, and not all of these people belong to "
                "it. Choose a shift that is of use everywhere, or these people alone.",
                code="assignment.shift",
                data={"field": "turns"},
            )


def _make_room(target: _Target, taken: Dates) -> None:
    """Cut ``taken`` out of what the target was given; a rotation goes on in its step after it."""
    whose: dict[str, Any] = {"person_id": None, "department_id": None, "site_id": None}
    rows = Assignment.objects.select_for_update().filter(**{**whose, **target.ids})
    for row in rows:
        parts = less(Dates(row.first, row.last), [taken])
        if parts == [Dates(row.first, row.last)]:
            continue
        turns = list(row.turns.order_by("position").values_list("shift_id", flat=True))
        record(
            "schedules.assignment.replaced",
            target=row,
            before=_told(row, tuple(turns)),
            after={"parts": [[_iso(part.first), _iso(part.last)] for part in parts]},
        )
        for part in parts:
            if part.first != row.first and row.first is not None and part.first is not None:
                step = (part.first - row.first).days % len(turns)
                _add(target.ids, tuple(turns[step:] + turns[:step]), part)
            elif part.first != row.first:
                _add(target.ids, tuple(turns), part)
        if parts and parts[0].first == row.first:
            row.last = parts[0].last
            row.save(update_fields=["last"])
        else:
            row.delete()


def _add(ids: dict[str, UUID], shift_ids: tuple[UUID | None, ...], dates: Dates) -> Assignment:
    assignment = Assignment.objects.create(
        **ids, first=dates.first, last=dates.last, made_by=current_actor().label
    )
    AssignmentTurn.objects.bulk_create(
        AssignmentTurn(assignment=assignment, position=position, shift_id=shift_id)
        for position, shift_id in enumerate(shift_ids)
    )
    return assignment


def _reached(whom: Whom) -> frozenset[UUID] | None:
    """Whoever it can concern at all; None: that is for the plans to say."""
    return whom.person_ids or None


def _told(assignment: Assignment, shift_ids: tuple[UUID | None, ...]) -> dict[str, Any]:
    return {
        "person": str(assignment.person_id or ""),
        "department": str(assignment.department_id or ""),
        "site": str(assignment.site_id or ""),
        "first": _iso(assignment.first),
        "last": _iso(assignment.last),
        "shifts": [str(each or "") for each in shift_ids],
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
