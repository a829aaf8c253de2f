"""What the list of people can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from portal.people.models import Person

__all__ = ["PersonFilter"]

# More than anybody's name has; SQLite refuses a condition that is nested a thousand deep.
MAX_WORDS = 12


class PersonFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_text", label="Search")
    status = django_filters.ChoiceFilter(
        choices=[(s.value, s.label) for s in Person.Status if s in Person.LIVING],
        empty_label="Any state",
        label="State",
    )
    photos = django_filters.ChoiceFilter(
        method="by_photos",
        choices=[("with", "Enrolled"), ("without", "Not enrolled")],
        empty_label="With or without photos",
        label="Photos",
    )

    class Meta:
        model = Person
        fields = ["q", "status", "photos"]

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

    def by_photos(self, people: QuerySet[Person], _name: str, value: str) -> QuerySet[Person]:
        """``photo_count`` is the annotation of ``selectors.visible_people``."""
        wanted = Q(("photo_count__gt", 0)) if value == "with" else Q(("photo_count", 0))
        return people.filter(wanted)
