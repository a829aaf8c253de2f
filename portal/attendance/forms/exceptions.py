"""What the exceptions inbox and the list of punches can be narrowed by.

Public surface: ``ExceptionFilter``, ``PunchFilter``.
"""

from __future__ import annotations

from typing import Any, Final

import django_filters
from django.db.models import Q, QuerySet
from django.forms import Select, TextInput
from django.forms.widgets import DateInput

from portal.accounts.models import User
from portal.attendance.models import DayException, Punch
from portal.attendance.selectors.deciders import user_of
from portal.attendance.selectors.exceptions import assignable_users
from portal.attendance.selectors.visible import visible_members
from portal.core.context import current_actor

__all__ = ["ExceptionFilter", "PunchFilter"]

_SELECT: Final = Select(attrs={"class": "c-input"})
_DATE: Final = DateInput(attrs={"class": "c-input", "type": "date"}, format="%Y-%m-%d")
_TEXT: Final = TextInput(attrs={"class": "c-input", "placeholder": "Name or code"})


class ExceptionFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_words", label="Name or code", widget=_TEXT)
    kind = django_filters.ChoiceFilter(
        choices=DayException.Kind.choices, empty_label="All kinds", label="Kind", widget=_SELECT
    )
    state = django_filters.ChoiceFilter(
        choices=DayException.State.choices, empty_label="Any state", label="State", widget=_SELECT
    )
    site = django_filters.ChoiceFilter(
        field_name="person__site_id", choices=[], empty_label="All sites", label="Site",
        widget=_SELECT,
    )  # fmt: skip
    department = django_filters.ChoiceFilter(
        field_name="person__department_id", choices=[], empty_label="All departments",
        label="Department", widget=_SELECT,
    )  # fmt: skip
    assignee = django_filters.ChoiceFilter(
        method="by_assignee", choices=[], empty_label="Anybody’s", label="Whose", widget=_SELECT
    )
    since = django_filters.DateFilter(
        field_name="work_date", lookup_expr="gte", label="From", widget=_DATE
    )
    until = django_filters.DateFilter(
        field_name="work_date", lookup_expr="lte", label="Until", widget=_DATE
    )

    class Meta:
        model = DayException
        fields = ["q", "kind", "state", "site", "department", "assignee", "since", "until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["site"].extra["choices"] = _places("site")
        self.filters["department"].extra["choices"] = _places("department")
        people: list[tuple[str, str]] = []
        if current_actor().may("attendance.manage"):
            people = [(str(user.pk), str(user)) for user in assignable_users()]
        self.filters["assignee"].extra["choices"] = [
            ("me", "Mine"), ("nobody", "Nobody’s"), *people,
        ]  # fmt: skip

    def by_words(self, rows: QuerySet[DayException], _name: str, value: str) -> Any:
        return rows.filter(Q(person__name__icontains=value) | Q(person__code__icontains=value))

    def by_assignee(self, rows: QuerySet[DayException], _name: str, value: str) -> Any:
        if value == "nobody":
            return rows.filter(assignee=None)
        if value == "me":
            user: User | None = user_of(current_actor())
            return rows.filter(assignee=user) if user else rows.none()
        return rows.filter(assignee=int(value))


class PunchFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_words", label="Name or code", widget=_TEXT)
    camera = django_filters.ChoiceFilter(
        field_name="camera_id", choices=[], empty_label="All cameras", label="Camera",
        widget=_SELECT,
    )  # fmt: skip
    source = django_filters.ChoiceFilter(
        choices=Punch.Source.choices, empty_label="All sources", label="Source", widget=_SELECT
    )
    state = django_filters.ChoiceFilter(
        method="by_state",
        choices=[*Punch.State.choices, ("voided", "Struck")],
        empty_label="Any state",
        label="State",
        widget=_SELECT,
    )
    since = django_filters.DateFilter(
        field_name="at", lookup_expr="date__gte", label="From", widget=_DATE
    )
    until = django_filters.DateFilter(
        field_name="at", lookup_expr="date__lte", label="Until", widget=_DATE
    )

    class Meta:
        model = Punch
        fields = ["q", "camera", "source", "state", "since", "until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cameras = self.queryset.filter(camera__isnull=False).order_by("camera__name")
        self.filters["camera"].extra["choices"] = [
            (str(pk), name)
            for pk, name in cameras.values_list("camera_id", "camera__name").distinct()
        ]

    def by_words(self, rows: QuerySet[Punch], _name: str, value: str) -> Any:
        return rows.filter(Q(person__name__icontains=value) | Q(person__code__icontains=value))

    def by_state(self, rows: QuerySet[Punch], _name: str, value: str) -> Any:
        if value == "voided":
            return rows.filter(voided_at__isnull=False)
        return rows.filter(state=value, voided_at=None)


def _places(which: str) -> list[tuple[str, str]]:
    """The sites, or departments, of the people whom the actor answers for."""
    found = (
        visible_members()
        .filter(**{f"{which}__isnull": False})
        .order_by(f"{which}__name")
        .values_list(f"{which}_id", f"{which}__name")
        .distinct()
    )
    return [(str(pk), name) for pk, name in found]
