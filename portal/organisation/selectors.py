"""Reads of sites and departments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.db.models import Count, Q, QuerySet

from portal.core.context import current_actor, require
from portal.core.errors import NotFound
from portal.organisation.models import PATH_SEPARATOR, Department, Site

__all__ = [
    "DepartmentRow",
    "SiteTree",
    "organisation_tree",
    "visible_department",
    "visible_departments",
    "visible_site",
    "visible_sites",
    "with_ancestors",
    "with_descendants",
]


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """A department in its tree. ``people`` are its own, ``people_below`` those of it and below."""

    department: Department
    depth: int
    people: int
    people_below: int


@dataclass(frozen=True, slots=True)
class SiteTree:
    site: Site
    people: int
    departments: tuple[DepartmentRow, ...]


def visible_sites() -> QuerySet[Site]:
    """The sites that the actor's scope names, or has departments of; else every site."""
    scope, sites = current_actor().scope, Site.objects.all()
    if scope.site_ids is not None:
        sites = sites.filter(pk__in=scope.site_ids)
    if scope.department_ids is not None:
        theirs = Department.objects.filter(pk__in=scope.department_ids)
        sites = sites.filter(pk__in=theirs.order_by().values("site"))
    return sites


def visible_departments() -> QuerySet[Department]:
    """The departments within the actor's scope, with their sites, by site and path."""
    scope = current_actor().scope
    departments = Department.objects.select_related("site")
    if scope.site_ids is not None:
        departments = departments.filter(site__in=scope.site_ids)
    if scope.department_ids is not None:
        departments = departments.filter(pk__in=scope.department_ids)
    return departments


def visible_site(site_id: UUID) -> Site:
    require("organisation.view")
    site = visible_sites().filter(pk=site_id).first()
    if site is None:
        raise NotFound("There is no such site.")
    return site


def visible_department(department_id: UUID) -> Department:
    require("organisation.view")
    department = visible_departments().filter(pk=department_id).first()
    if department is None:
        raise NotFound("There is no such department.")
    return department


def organisation_tree() -> list[SiteTree]:
    """The sites with their departments in order, and how many known people belong to each."""
    require("organisation.view")
    # Asked by name, since people know of departments and not the other way round.
    known = Q(people__status__in=apps.get_model("people", "Person").LIVING)
    count = Count("people", filter=known)
    departments: dict[UUID, list[tuple[Department, int]]] = {}
    for row in visible_departments().annotate(own=count).order_by("site_id", "path"):
        departments.setdefault(row.site_id, []).append((row, row.own))
    return [
        SiteTree(site, site.own, tuple(_rows(departments.get(site.pk, []))))
        for site in visible_sites().annotate(own=count).order_by("name")
    ]


def _rows(departments: list[tuple[Department, int]]) -> Iterable[DepartmentRow]:
    for department, own in departments:
        start = department.path + PATH_SEPARATOR
        below = sum(n for other, n in departments if other.path.startswith(start))
        depth = department.path.count(PATH_SEPARATOR)
        yield DepartmentRow(department, depth, own, own + below)


def with_ancestors(department_id: UUID | None) -> frozenset[UUID]:
    """This department and all that it lies in. One query a level of the tree."""
    found: frozenset[UUID] = frozenset()
    while department_id is not None and department_id not in found:
        found |= {department_id}
        parents = Department.objects.filter(pk=department_id).values_list("parent_id", flat=True)
        department_id = parents.first()
    return found


def with_descendants(department_ids: Iterable[UUID]) -> frozenset[UUID]:
    """These departments and everything below them. One query a level of the tree."""
    found = frozenset(department_ids)
    frontier = found
    while frontier:
        below = Department.objects.filter(parent__in=frontier).values_list("id", flat=True)
        frontier = frozenset(below) - found
        found |= frontier
    return found
