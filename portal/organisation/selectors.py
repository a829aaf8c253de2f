"""Reads of sites and departments."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from portal.core.context import current_actor
from portal.organisation.models import Department, Site

__all__ = ["visible_departments", "visible_sites", "with_descendants"]


def visible_sites() -> QuerySet[Site]:
    """The sites that the actor's scope names; every site where it names none."""
    sites = current_actor().scope.site_ids
    return Site.objects.all() if sites is None else Site.objects.filter(pk__in=sites)


def visible_departments() -> QuerySet[Department]:
    """The departments within the actor's scope, with their sites, by site and path."""
    scope = current_actor().scope
    departments = Department.objects.select_related("site")
    if scope.site_ids is not None:
        departments = departments.filter(site__in=scope.site_ids)
    if scope.department_ids is not None:
        departments = departments.filter(pk__in=scope.department_ids)
    return departments


def with_descendants(department_ids: Iterable[UUID]) -> frozenset[UUID]:
    """These departments and everything below them. One query a level of the tree."""
    found = frozenset(department_ids)
    frontier = found
    while frontier:
        below = Department.objects.filter(parent__in=frontier).values_list("id", flat=True)
        frontier = frozenset(below) - found
        found |= frontier
    return found
