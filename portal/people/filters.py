"""What the list of people can be narrowed by, and the query string that says so.

Public surface: ``PersonFilter``, ``FILTER_KEYS``, ``filter_query``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.forms import CheckboxSelectMultiple, Select
from django.http import QueryDict

from portal.people.listing import NOWHERE, Need, Places, needs_condition
from portal.people.models import Person

__all__ = ["FILTER_KEYS", "NO_DEPARTMENT", "PersonFilter", "filter_query"]

FILTER_KEYS: Final = ("q", "site", "department", "status", "needs")
NO_DEPARTMENT: Final = "none"
# More than anybody's name has; SQLite refuses a condition that is nested a thousand deep.
MAX_WORDS = 12

_SELECT: Final = Select(attrs={"class": "c-input"})


class PersonFilter(django_filters.FilterSet):  # type: ignore[misc]
    """``places`` are the sites and departments that may be chosen: those the actor sees."""

    q = django_filters.CharFilter(method="by_text", label="Search")
    site = django_filters.ChoiceFilter(
        field_name="site_id", choices=[], empty_label="All sites", label="Site", widget=_SELECT
    )
    department = django_filters.ChoiceFilter(
        method="by_department",
        choices=[],
        empty_label="All departments",
        label="Department",
        widget=_SELECT,
    )
    status = django_filters.ChoiceFilter(
        choices=[(s.value, s.label) for s in Person.Status if s in Person.LIVING],
        empty_label="Any state",
        label="State",
        widget=_SELECT,
    )
    needs = django_filters.MultipleChoiceFilter(
        method="by_needs", choices=Need.choices, widget=CheckboxSelectMultiple, label="Attention"
    )

    class Meta:
        model = Person
        fields = FILTER_KEYS

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        queryset: QuerySet[Person],
        places: Places = NOWHERE,
    ) -> None:
        super().__init__(data, queryset=queryset)
        self._places = places
        self.filters["site"].extra["choices"] = [(str(s.pk), s.name) for s in places.sites]
        self.filters["department"].extra["choices"] = [
            *places.department_choices,
            (NO_DEPARTMENT, "No department"),
        ]

    def by_text(self, people: QuerySet[Person], _name: str, value: str) -> QuerySet[Person]:
        """Each of the first words must be somewhere in name, code, department or e-mail."""
        for word in value.split()[:MAX_WORDS]:
            people = people.filter(
                Q(name__icontains=word)
                | Q(code__icontains=word)
                | Q(department__path__icontains=word)
                | Q(email__icontains=word)
            )
        return people

    def by_department(self, people: QuerySet[Person], _name: str, value: str) -> QuerySet[Person]:
        """The department and everything below it."""
        if value == NO_DEPARTMENT:
            return people.filter(department=None)
        return people.filter(department__in=self._places.with_below(UUID(value)))

    def by_needs(
        self, people: QuerySet[Person], _name: str, value: Sequence[str]
    ) -> QuerySet[Person]:
        """Everything ticked must hold."""
        for need in value:
            people = people.filter(needs_condition(Need(need)))
        return people


def filter_query(data: QueryDict, *, with_sort: bool = True) -> str:
    """The part of a query string that narrows and sorts the list, in one spelling."""
    kept = QueryDict(mutable=True)
    for key in (*FILTER_KEYS, *(["sort"] if with_sort else [])):
        values = [value for value in data.getlist(key) if value]
        if values:
            kept.setlist(key, sorted(values) if key == "needs" else values[-1:])
    return kept.urlencode()
