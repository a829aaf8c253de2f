"""Who works what, as pages show it, and who is planned for nothing.

Public surface: ``AssignmentRow``, ``assignment_rows``, ``codes_of``, ``people_without_plan``,
``visible_assignment``, ``visible_assignments``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from portal.core.context import current_actor, require
from portal.core.errors import NotFound
from portal.organisation.models import Department
from portal.organisation.selectors import visible_departments, visible_sites
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.schedules.models import Assignment, Shift
from portal.schedules.sentences import turns_in_words

__all__ = [
    "AssignmentRow",
    "assignment_rows",
    "codes_of",
    "people_without_plan",
    "visible_assignment",
    "visible_assignments",
]

_HERE = frozenset({Person.Status.ACTIVE, Person.Status.SUSPENDED})


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """``shifts`` in the order of their first turn; ``turns`` is empty where there is one turn.
    ``people`` are those here now whom it can reach, None for one person's."""

    assignment: Assignment
    whom: str
    kind: str
    shifts: tuple[Shift, ...]
    turns: str
    state: str
    people: int | None
    may_end: bool


def visible_assignments() -> QuerySet[Assignment]:
    """Of people, departments and sites within the actor's scope, and of everybody; what is for
    many comes first."""
    actor = require("schedules.view")
    kind = Case(
        When(person__isnull=False, then=Value(3)),
        When(department__isnull=False, then=Value(2)),
        When(site__isnull=False, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return (
        Assignment.objects.filter(
            Q(person=None, department=None, site=None)
            | Q(site__in=visible_sites())
            | Q(department__in=visible_departments())
            | (within_scope(actor.scope, path="person__") & Q(person__status__in=Person.LIVING))
        )
        .annotate(kind=kind)
        .select_related("person", "department__site", "site")
        .prefetch_related("turns__shift")
        .order_by("kind", "site__name", "department__path", "person__name", "first", "id")
    )


def visible_assignment(assignment_id: UUID) -> Assignment:
    assignment = visible_assignments().filter(pk=assignment_id).first()
    if assignment is None:
        raise NotFound("There is no such assignment, or it was taken back.")
    return assignment


def assignment_rows(assignments: Iterable[Assignment], *, on: date) -> list[AssignmentRow]:
    """Three queries for them all, beside their own."""
    found = list(assignments)
    count = _Count()
    several_sites = visible_sites().count() > 1
    rows = []
    for each in found:
        turns = [turn.shift for turn in each.turns.all()]
        unique = {shift.pk: shift for shift in turns if shift is not None}
        rows.append(
            AssignmentRow(
                assignment=each,
                whom=_whom(each, several_sites=several_sites),
                kind=_kind(each),
                shifts=tuple(unique.values()),
                turns=turns_in_words([shift.code if shift else None for shift in turns])
                if len(turns) > 1
                else "",
                state=_state(each, on),
                people=count.of(each),
                may_end=_may_end(each),
            )
        )
    return rows


def people_without_plan(on: date) -> QuerySet[Person]:
    """Who is here on a date, and whom no assignment reaches, by name."""
    actor = require("schedules.view")
    rows = list(
        Assignment.objects.filter(Q(first=None) | Q(first__lte=on))
        .filter(Q(last=None) | Q(last__gte=on))
        .filter(turns__isnull=False)
        .order_by()
        .values_list("person_id", "department_id", "site_id")
        .filter(person=None)
        .distinct()
    )
    people = (
        Person.objects.filter(within_scope(actor.scope), status__in=_HERE)
        .filter(Q(employed_from=None) | Q(employed_from__lte=on))
        .filter(Q(employed_to=None) | Q(employed_to__gte=on))
    )
    if any(department_id is None and site_id is None for _, department_id, site_id in rows):
        return people.none()
    departments = _with_below({each for _, each, _ in rows})
    own = Assignment.objects.filter(
        Q(first=None) | Q(first__lte=on), Q(last=None) | Q(last__gte=on), person__isnull=False
    )
    return (
        people.exclude(department__in=departments)
        .exclude(site__in={each for _, _, each in rows})
        .exclude(pk__in=own.order_by().values("person"))
        .select_related("department", "site")
        .order_by("name", "code")
    )


def codes_of(person_ids: Iterable[UUID]) -> list[str]:
    """By name, of those within the actor's scope."""
    scope = require("schedules.manage").scope
    people = Person.objects.filter(within_scope(scope), pk__in=set(person_ids))
    return list(people.order_by("name", "code").values_list("code", flat=True))


class _Count:
    """How many people are here, by site and by department with what lies below it."""

    def __init__(self) -> None:
        own: dict[UUID | None, int] = defaultdict(int)
        self._by_site: dict[UUID, int] = defaultdict(int)
        scope = current_actor().scope
        rows = (
            Person.objects.filter(within_scope(scope), status__in=_HERE)
            .order_by()
            .values_list("site_id", "department_id")
            .annotate(count=Count("pk"))
        )
        for site_id, department_id, count in rows:
            own[department_id] += count
            self._by_site[site_id] += count
        self._by_department: dict[UUID, int] = defaultdict(int)
        parents = _parents()
        for department_id, count in own.items():
            above = department_id
            while above is not None:
                self._by_department[above] += count
                above = parents.get(above)

    def of(self, assignment: Assignment) -> int | None:
        if assignment.person_id is not None:
            return None
        if assignment.department_id is not None:
            return self._by_department[assignment.department_id]
        if assignment.site_id is not None:
            return self._by_site[assignment.site_id]
        return sum(self._by_site.values())


def _parents() -> dict[UUID, UUID | None]:
    return dict(Department.objects.order_by().values_list("id", "parent_id"))


def _with_below(department_ids: set[UUID]) -> set[UUID]:
    parents = _parents()

    def lies_in(department_id: UUID | None) -> bool:
        while department_id is not None:
            if department_id in department_ids:
                return True
            department_id = parents.get(department_id)
        return False

    return {each for each in parents if lies_in(each)}


def _whom(assignment: Assignment, *, several_sites: bool) -> str:
    if assignment.person is not None:
        return assignment.person.name
    if assignment.department is not None:
        path = assignment.department.path
        return f"{path} ({assignment.department.site.name})" if several_sites else path
    return assignment.site.name if assignment.site is not None else "Everybody"


def _kind(assignment: Assignment) -> str:
    kinds: Sequence[tuple[UUID | None, str]] = (
        (assignment.person_id, "person"),
        (assignment.department_id, "department"),
        (assignment.site_id, "site"),
    )
    return next((kind for pk, kind in kinds if pk is not None), "everybody")


def _state(assignment: Assignment, on: date) -> str:
    if assignment.first is not None and assignment.first > on:
        return "coming"
    return "past" if assignment.last is not None and assignment.last < on else "now"


def _may_end(assignment: Assignment) -> bool:
    """As ``end_assignment`` will say, so that no button leads to a refusal."""
    actor = current_actor()
    if not actor.may("schedules.manage"):
        return False
    scope = actor.scope
    if assignment.person_id is not None:
        return True
    if assignment.department_id is not None:
        return scope.department_ids is None or assignment.department_id in scope.department_ids
    reaches = scope.site_ids is None or assignment.site_id in scope.site_ids
    return reaches and scope.department_ids is None
