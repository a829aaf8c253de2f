"""What the journal can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.journal.models import Act
from portal.journal.registry import kinds

__all__ = ["ActFilter"]


class ActFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(field_name="title", lookup_expr="icontains", label="Search")
    kind = django_filters.ChoiceFilter(empty_label="Everything", label="What")
    by = django_filters.CharFilter(
        field_name="actor_label", lookup_expr="icontains", label="Done by"
    )
    state = django_filters.ChoiceFilter(
        method="by_state",
        choices=[("open", "Can be undone"), ("undone", "Undone")],
        empty_label="Undone or not",
        label="State",
    )
    of = django_filters.UUIDFilter(method="by_person", label="Person")

    class Meta:
        model = Act
        fields = ["q", "kind", "by", "state", "of"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not known before every app has registered its kinds.
        self.filters["kind"].extra["choices"] = list(kinds().items())

    def by_state(self, acts: QuerySet[Act], _name: str, value: str) -> QuerySet[Act]:
        if value == "undone":
            return acts.exclude(undone_at=None)
        return acts.filter(undone_at=None, expires_at__gt=timezone.now())

    def by_person(self, acts: QuerySet[Act], _name: str, value: Any) -> QuerySet[Act]:
        return acts.filter(Q(person_id=value) | Q(other_id=value))

    def person(self) -> Any:
        """Whose acts are shown, where it is one person's and something was done to them."""
        wanted = self.form.cleaned_data.get("of") if self.form.is_valid() else None
        if wanted is None:
            return None
        act = self.qs.first()
        if act is None:
            return None
        return act.person if act.person_id == wanted else act.other
