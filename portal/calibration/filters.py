"""What the register of look-alikes can be narrowed by. Public surface: ``LookAlikeFilter``."""

from __future__ import annotations

from typing import Any, Final

import django_filters
from django.db.models import Q, QuerySet
from django.forms import Select, TextInput

from portal.people.models import LookalikePair

__all__ = ["LookAlikeFilter"]

_SELECT: Final = Select(attrs={"class": "c-input"})
_SEARCH: Final = TextInput(
    attrs={"class": "c-input", "type": "search", "placeholder": "Name or code"}
)


class LookAlikeFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By what was said of the two, and by the name of either."""

    answer = django_filters.ChoiceFilter(
        choices=[
            (LookalikePair.Answer.OPEN, "Not answered"),
            (LookalikePair.Answer.DIFFERENT, "Different people"),
        ],
        empty_label="All pairs",
        label="Answer",
        widget=_SELECT,
    )
    q = django_filters.CharFilter(method="by_name", label="Name or code", widget=_SEARCH)

    class Meta:
        model = LookalikePair
        fields = ("answer", "q")

    def by_name(self, rows: QuerySet[Any], _: str, text: str) -> QuerySet[Any]:
        words = text.split()[:6]
        for word in words:
            rows = rows.filter(
                Q(first__name__icontains=word)
                | Q(second__name__icontains=word)
                | Q(first__code__iexact=word)
                | Q(second__code__iexact=word)
            )
        return rows
